/** The history of an interactive shell: ~/.bash_history, and `!` expansion. bash(1) HISTORY, HISTORY EXPANSION. */
import { isErrno } from '../base/errno.ts'
import type { Shell } from './shell.ts'

const LINES_MAX = 1000

/** Where it is kept, or null. */
function historyFile(shell: Shell): string | null {
  const named = shell.variables.get('HISTFILE')
  if (named !== undefined) return named === '' ? null : named
  const home = shell.variables.get('HOME')
  return home === undefined ? null : `${home}/${shell.dialect === 'sh' ? '.ash_history' : '.bash_history'}`
}

export function loadHistory(shell: Shell): void {
  const file = historyFile(shell)
  const text = file === null ? '' : shell.proc.fs.read(shell.proc.path(file))
  if (isErrno(text)) return
  shell.history.push(...text.split('\n').filter((line) => line !== '').slice(-LINES_MAX))
}

/** Like HISTCONTROL=ignoreboth: not what begins with a blank, nor the same line twice. */
export function remember(shell: Shell, line: string): void {
  const text = line.replace(/\n+$/, '')
  if (text.trim() === '' || text.startsWith(' ') || shell.history[shell.history.length - 1] === text) return
  shell.history.push(text)
  if (shell.history.length > LINES_MAX) shell.history.shift()
  const file = historyFile(shell)
  if (file !== null) shell.proc.fs.append(shell.proc.path(file), `${text}\n`)
}

/** `!!`, `!$`, `!n`, `!-n`, `!text`, outside of single quotes. The line as it will run, or what event is missing. */
export function expandHistory(shell: Shell, line: string): { text: string; changed: boolean } | { missing: string } {
  if (!line.includes('!')) return { text: line, changed: false }
  let text = ''
  let changed = false
  let single = false
  let double = false
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at]
    if (char === "'" && !double) single = !single
    if (char === '"' && !single) double = !double
    if (char === '\\' && !single) {
      text += line.slice(at, at + 2)
      at += 1
      continue
    }
    const match = char === '!' && !single && line[at - 1] !== '[' && line[at - 1] !== '$' && line[at - 1] !== '{' ? /^!(!|\$|-?\d+|[A-Za-z][\w./-]*)/.exec(line.slice(at)) : null
    if (!match) {
      text += char
      continue
    }
    const found = event(shell.history, match[1])
    if (found === undefined) return { missing: match[0] }
    text += found
    changed = true
    at += match[0].length - 1
  }
  return { text, changed }
}

function event(history: readonly string[], name: string): string | undefined {
  const last = history[history.length - 1]
  if (name === '!') return last
  if (name === '$') return last === undefined ? undefined : /(\S+)\s*$/.exec(last)?.[1]
  if (/^\d+$/.test(name)) return history[Number(name) - 1]
  if (/^-\d+$/.test(name)) return history[history.length + Number(name)]
  return history.findLast((line) => line.startsWith(name))
}
