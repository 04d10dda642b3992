/** Interface names of rules: `eth0`, or `eth+` for every name that begins so (xtables_parse_interface). */
import { Refusal } from './extension.ts'
import type { InterfaceTest } from './rule.ts'

/** IFNAMSIZ, its terminating zero included. */
const IFNAMSIZ = 16

/** Null: every interface. */
export function interfaceTest(text: string, invert: boolean): InterfaceTest | null | Refusal {
  if (text.length + 1 > IFNAMSIZ) return new Refusal(`interface name \`${text}' must be shorter than IFNAMSIZ (${IFNAMSIZ - 1})`)
  const wildcard = text.endsWith('+')
  const name = wildcard ? text.slice(0, -1) : text
  if (wildcard && name === '') return null
  return { invert, name, wildcard }
}
