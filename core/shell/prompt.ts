/** Prompt strings: bash(1) PROMPTING. The escapes, then parameters (but no commands: a prompt is made without waiting). */
import { isoTime } from '../linux/iso-time.ts'
import { getParameter } from './parameters.ts'
import type { Shell } from './shell.ts'

/** PS1 of a machine: the host in green where the terminal shows colours. */
export const DEFAULT_PS1 = '\\h:\\w\\$ '
export const COLOUR_PS1 = '\\[\\e[1;32m\\]\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ '
export const SH_PS1 = '\\w \\$ '

export function expandPrompt(shell: Shell, text: string): string {
  const decoded = text.replace(/\\(\d{3}|[\s\S])/g, (_, code: string) => promptEscape(shell, code))
  return decoded.replace(/\$(?:\{([A-Za-z_]\w*|[?$#!])\}|([A-Za-z_]\w*|[?$#!]))/g, (_, braced?: string, plain?: string) => {
    return getParameter(shell, (braced ?? plain) as string) ?? ''
  })
}

function promptEscape(shell: Shell, code: string): string {
  const { proc } = shell
  const now = isoTime(proc.world.epochMs + Math.floor(proc.world.clock.nowUs / 1000))
  switch (code) {
    case 'h':
      return proc.context.hostname.split('.')[0]
    case 'H':
      return proc.context.hostname
    case 'w':
    case 'W':
      return directory(shell, code === 'W')
    case 'u':
      return 'root'
    case '$':
      // The machines' prompt is a learner's, the container's a root's.
      return shell.dialect === 'sh' ? '#' : '$'
    case 's':
      return shell.dialect
    case 'v':
      return '5.2'
    case 'V':
      return '5.2.15'
    case 'j':
      return String(shell.jobs.all().length)
    case 't':
      return now.slice(11, 19)
    case 'A':
      return now.slice(11, 16)
    case 'D':
      return now
    case '#':
    case '!':
      return String(shell.history.length + 1)
    case 'n':
      return '\n'
    case 'r':
      return '\r'
    case 'a':
      return '\x07'
    case 'e':
      return '\x1b'
    case '\\':
      return '\\'
    // What stands between these takes no columns; the line editor looks for them.
    case '[':
      return '\x01'
    case ']':
      return '\x02'
    default:
      return /^\d{3}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 8) & 0xff) : `\\${code}`
  }
}

function directory(shell: Shell, short: boolean): string {
  const home = shell.variables.get('HOME') ?? ''
  const { cwd } = shell.proc
  const shown = home !== '' && home !== '/' && (cwd === home || cwd.startsWith(`${home}/`)) ? `~${cwd.slice(home.length)}` : cwd
  if (!short || shown === '~' || shown === '/') return shown
  return shown.slice(shown.lastIndexOf('/') + 1)
}
