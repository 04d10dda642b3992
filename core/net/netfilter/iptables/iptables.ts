/** iptables of one family in one network namespace. */
import { Bug } from '../../../base/assert.ts'
import type { NetNamespace } from '../../net-namespace.ts'

export type IpFamily = 'ipv4' | 'ipv6'

export interface CommandResult {
  stdout: string
  stderr: string
  exitCode: number
}

export interface RestoreOptions {
  noflush?: boolean
  counters?: boolean
  test?: boolean
  /** Only this table. */
  table?: string
}

export interface RestoreFailure {
  line: number
  /** All that the program prints, without a newline at its end. */
  message: string
}

export interface SaveOptions {
  table?: string
  counters?: boolean
}

export class Iptables {
  readonly ns: NetNamespace
  readonly family: IpFamily

  constructor(ns: NetNamespace, family: IpFamily) {
    this.ns = ns
    this.family = family
  }

  /** iptables-restore(8). All or nothing per COMMIT; null when it worked. */
  restore(text: string, options?: RestoreOptions): RestoreFailure | null {
    throw new Bug(`not yet ${text} ${String(options)}`)
  }

  /** iptables-save(8). */
  save(options?: SaveOptions): string {
    throw new Bug(`not yet ${String(options)}`)
  }

  /** iptables(8); `argv` without the program's name. */
  command(argv: readonly string[]): CommandResult {
    throw new Bug(`not yet ${argv.join(' ')}`)
  }

  /** Names of the chains of `table`: built-in ones first, then by name. */
  chains(table: string): string[] {
    throw new Bug(`not yet ${table}`)
  }

  /** Says for which API object a chain was made (`Kind/namespace/name`), and by whom. */
  origin(table: string, chain: string, object: string, by: string): void {
    throw new Bug(`not yet ${table} ${chain} ${object} ${by}`)
  }
}
