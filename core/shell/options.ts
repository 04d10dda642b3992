/** Options of `set`: by letter or by name. */
import { OPTION_LETTERS, type OptionName, type Shell } from './shell.ts'

/** False when there is no such option. */
export function setOption(shell: Shell, name: string, on: boolean): boolean {
  const byLetter = name.length === 1 ? OPTION_LETTERS.find(([letter]) => letter === name)?.[1] : undefined
  const option = byLetter ?? (Object.hasOwn(shell.options, name) ? (name as OptionName) : undefined)
  if (option) {
    shell.options[option] = on
    return true
  }
  // Options that change nothing here, so that scripts may set them.
  return ['b', 'h', 'k', 'p', 't', 'B', 'E', 'H', 'P', 'T', 'emacs', 'vi', 'posix', 'errtrace', 'functrace', 'hashall', 'braceexpand', 'histexpand',
    'physical', 'notify', 'ignoreeof', 'privileged', 'nolog', 'keyword', 'onecmd', 'interactive-comments'].includes(name)
}
