/**
 * ps(1) of procps and of busybox: the processes of this container, or of the machine with all its containers.
 * Omits: memory and processor time (nobody measures them: figures are fixed and small), threads, most formats of -o.
 */
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { strftime } from '../calendar.ts'
import { immediate } from '../command.ts'

/** By pid, as the caller numbers them. */
export function visibleProcesses(proc: Process): { pid: number; ppid: number; process: Process }[] {
  const whole = proc.context === proc.machine.root || proc.context.fs === proc.machine.root.fs
  const all = whole ? [...proc.machine.processes.values()] : proc.machine.processesOf(proc.context)
  const rows = all.map((process) => {
    const parent = proc.machine.processes.get(process.ppid)
    const ppid = whole ? process.ppid : parent && parent.context === process.context ? parent.localPid : 0
    return { pid: whole ? process.pid : process.localPid, ppid, process }
  })
  return rows.sort((a, b) => a.pid - b.pid)
}

function ttyName(process: Process): string {
  return process.tty ? `pts/${process.tty.number}` : '?'
}

function state(proc: Process, process: Process): string {
  const letter = process === proc ? 'R' : process.stopped ? 'T' : 'S'
  const leads = process.tty?.leader === process.pgid ? 's' : ''
  return `${letter}${leads}${process.tty && process.tty.foreground === process.pgid ? '+' : ''}`
}

function startText(proc: Process, process: Process): string {
  const startMs = proc.world.epochMs + process.startedUs / 1000
  const nowMs = proc.world.epochMs + proc.world.clock.nowUs / 1000
  return nowMs - startMs > 86400000 ? strftime('%b%d', startMs) : strftime('%H:%M', startMs)
}

function commandLine(process: Process): string {
  return process.argv.join(' ')
}

export const ps: Executable = immediate((proc, argv) => {
  const words = argv.slice(1)
  const letters = words.filter((word) => /^-?[a-zA-Z]+$/.test(word)).join('')
  if (words.includes('--help')) {
    proc.print('\nUsage:\n ps [options]\n')
    return 0
  }
  const unknown = /[^aAdeEfFglLnNopqrsStTuUvVwxXyZhHmMcCjk-]/.exec(letters)
  if (unknown) {
    proc.error(`error: unsupported option\n\nUsage:\n ps [options]\n\n Try 'ps --help <simple|list|output|threads|misc|all>'\n  or 'ps --help <s|l|o|t|m|a>'\n for additional help text.\n\nFor more details see ps(1).\n`)
    return 1
  }
  const bsd = words.some((word) => /^[a-zA-Z]+$/.test(word) && !words[words.indexOf(word) - 1]?.match(/^-[oCptuU]$/))
  const at = words.findIndex((word) => word === '-o' || word === 'o' || word === '-eo' || word === '-ao' || word === '-axo' || word === 'axo')
  const pids = words.flatMap((word, i) => (/^-?-?p(id)?$/.test(word) ? (words[i + 1] ?? '').split(',').map(Number) : /^\d+$/.test(word) && !/^-/.test(words[i - 1] ?? '') ? [Number(word)] : []))
  const name = words[words.indexOf('-C') + 1]
  const every = bsd ? /[axe]/.test(letters) : /[eA]/.test(letters)
  const rows = visibleProcesses(proc).filter(({ pid, process }) => {
    if (pids.length > 0) return pids.includes(pid)
    if (words.includes('-C')) return process.name === name
    return every || (process.tty !== null && process.tty === proc.tty)
  })
  if (at >= 0) {
    proc.print(chosenColumns(proc, rows, (words[at + 1] ?? 'pid,args').split(',')))
    return 0
  }
  const pad = (value: number | string, width: number): string => String(value).padStart(width)
  if (bsd && /u/.test(letters)) {
    proc.print('USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n')
    for (const { pid, process } of rows) {
      proc.print(`root     ${pad(pid, 7)}  0.0  0.0   4624  3712 ${ttyName(process).padEnd(8)} ${state(proc, process).padEnd(4)} ${startText(proc, process).padEnd(6)}   0:00 ${commandLine(process)}\n`)
    }
  } else if (!bsd && /f/.test(letters)) {
    proc.print('UID        PID  PPID  C STIME TTY          TIME CMD\n')
    for (const { pid, ppid, process } of rows) {
      proc.print(`root     ${pad(pid, 5)} ${pad(ppid, 5)}  0 ${startText(proc, process)} ${ttyName(process).padEnd(8)} 00:00:00 ${commandLine(process)}\n`)
    }
  } else if (bsd) {
    proc.print('  PID TTY      STAT   TIME COMMAND\n')
    for (const { pid, process } of rows) proc.print(`${pad(pid, 5)} ${ttyName(process).padEnd(8)} ${state(proc, process).padEnd(4)}   0:00 ${commandLine(process)}\n`)
  } else {
    proc.print('  PID TTY          TIME CMD\n')
    for (const { pid, process } of rows) proc.print(`${pad(pid, 5)} ${ttyName(process).padEnd(8)} 00:00:00 ${process.name}\n`)
  }
  return pids.length > 0 && rows.length === 0 ? 1 : 0
})

const COLUMNS = new Map<string, readonly [title: string, width: number, right: boolean]>([
  ['pid', ['PID', 5, true]], ['ppid', ['PPID', 5, true]], ['user', ['USER', 8, false]], ['uid', ['UID', 5, true]], ['tty', ['TT', 8, false]],
  ['stat', ['STAT', 4, false]], ['state', ['S', 1, false]], ['comm', ['COMMAND', 15, false]], ['cmd', ['CMD', 0, false]], ['args', ['COMMAND', 0, false]],
  ['command', ['COMMAND', 0, false]], ['etime', ['ELAPSED', 11, true]], ['netns', ['NETNS', 10, true]], ['pgid', ['PGID', 5, true]],
])

function chosenColumns(proc: Process, rows: readonly { pid: number; ppid: number; process: Process }[], names: readonly string[]): string {
  const columns = names.map((text) => {
    const [key, title] = text.split('=')
    const known = COLUMNS.get(key) ?? ([key.toUpperCase(), key.length, false] as const)
    return { key, title: title ?? known[0], width: Math.max(known[1], (title ?? known[0]).length), right: known[2] }
  })
  const cell = (key: string, { pid, ppid, process }: { pid: number; ppid: number; process: Process }): string => {
    switch (key) {
      case 'pid':
        return String(pid)
      case 'ppid':
        return String(ppid)
      case 'pgid':
        return String(process.pgid)
      case 'user':
        return 'root'
      case 'uid':
        return '0'
      case 'tty':
        return ttyName(process)
      case 'stat':
        return state(proc, process)
      case 'state':
        return state(proc, process)[0]
      case 'comm':
        return process.name
      case 'netns':
        return String(4026531840 + process.netns.id)
      case 'etime': {
        const seconds = Math.floor((proc.world.clock.nowUs - process.startedUs) / 1e6)
        const two = (value: number): string => String(value).padStart(2, '0')
        return `${seconds >= 3600 ? `${two(Math.floor(seconds / 3600))}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
      }
    }
    return commandLine(process)
  }
  const line = (cells: readonly string[]): string =>
    `${cells.map((text, i) => (columns[i].right ? text.padStart(columns[i].width) : i === cells.length - 1 ? text : text.padEnd(columns[i].width))).join(' ')}\n`
  const header = columns.some((column) => column.title !== '') ? line(columns.map((column) => column.title)) : ''
  return header + rows.map((row) => line(columns.map((column) => cell(column.key, row)))).join('')
}

export const busyboxPs: Executable = immediate((proc) => {
  proc.print('PID   USER     TIME  COMMAND\n')
  for (const { pid, process } of visibleProcesses(proc)) proc.print(`${String(pid).padStart(5)} root      0:00 ${commandLine(process)}\n`)
  return 0
})

export const top: Executable = {
  *program(proc, argv) {
    const batch = argv.slice(1).join(' ')
    const limit = /-?n\s*(\d+)/.exec(batch)
    const rounds = limit ? Number(limit[1]) : Number.MAX_SAFE_INTEGER
    const delay = /d\s*([\d.]+)/.exec(batch)
    for (let round = 0; round < rounds; round += 1) {
      if (round > 0) yield* proc.sleepUs(delay ? Math.round(Number(delay[1]) * 1e6) : 3_000_000)
      const screen = /b/.test(batch) ? '' : '\x1b[H\x1b[2J'
      proc.print(`${screen}${round > 0 && screen === '' ? '\n' : ''}${topText(proc)}`)
      if (!(yield* proc.flush())) return 141
    }
    return 0
  },
}

function topText(proc: Process): string {
  const rows = visibleProcesses(proc)
  const now = strftime('%H:%M:%S', proc.world.epochMs + proc.world.clock.nowUs / 1000)
  const minutes = Math.floor((proc.world.clock.nowUs - proc.machine.bootedUs) / 60e6)
  const up = minutes >= 60 ? `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}` : `${minutes} min`
  const count = (value: number): string => String(value).padStart(3)
  let text = `top - ${now} up ${up},  1 user,  load average: 0.00, 0.00, 0.00\n`
  text += `Tasks: ${count(rows.length)} total, ${count(1)} running, ${count(rows.length - 1)} sleeping, ${count(0)} stopped, ${count(0)} zombie\n`
  text += '%Cpu(s):  0.0 us,  0.0 sy,  0.0 ni,100.0 id,  0.0 wa,  0.0 hi,  0.0 si,  0.0 st \nMiB Mem :   8192.0 total,   7168.0 free,    512.0 used,    512.0 buff/cache     \n'
  text += 'MiB Swap:      0.0 total,      0.0 free,      0.0 used.   7680.0 avail Mem \n\n    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n'
  for (const { pid, process } of rows) text += `${String(pid).padStart(7)} root      20   0    4624   3712   3200 ${process === proc ? 'R' : 'S'}   0.0   0.0   0:00.00 ${process.name}\n`
  return text
}
