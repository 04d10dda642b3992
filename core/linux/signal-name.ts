/** Signal names, numbers (x86: signal(7)), default actions, and what strsignal(3) and shells say of a process that one killed. */

const TABLE = {
  SIGHUP: [1, 'terminate', 'Hangup'],
  SIGINT: [2, 'terminate', 'Interrupt'],
  SIGQUIT: [3, 'terminate', 'Quit'],
  SIGILL: [4, 'terminate', 'Illegal instruction'],
  SIGTRAP: [5, 'terminate', 'Trace/breakpoint trap'],
  SIGABRT: [6, 'terminate', 'Aborted'],
  SIGBUS: [7, 'terminate', 'Bus error'],
  SIGFPE: [8, 'terminate', 'Floating point exception'],
  SIGKILL: [9, 'terminate', 'Killed'],
  SIGUSR1: [10, 'terminate', 'User defined signal 1'],
  SIGSEGV: [11, 'terminate', 'Segmentation fault'],
  SIGUSR2: [12, 'terminate', 'User defined signal 2'],
  SIGPIPE: [13, 'terminate', 'Broken pipe'],
  SIGALRM: [14, 'terminate', 'Alarm clock'],
  SIGTERM: [15, 'terminate', 'Terminated'],
  SIGCHLD: [17, 'ignore', 'Child exited'],
  SIGCONT: [18, 'continue', 'Continued'],
  SIGSTOP: [19, 'stop', 'Stopped (signal)'],
  SIGTSTP: [20, 'stop', 'Stopped'],
  SIGTTIN: [21, 'stop', 'Stopped (tty input)'],
  SIGTTOU: [22, 'stop', 'Stopped (tty output)'],
  SIGURG: [23, 'ignore', 'Urgent I/O condition'],
  SIGWINCH: [28, 'ignore', 'Window changed'],
} as const

export type SignalName = keyof typeof TABLE
export type SignalAction = 'terminate' | 'ignore' | 'stop' | 'continue'

export const SIGNAL_NAMES = Object.keys(TABLE) as SignalName[]

const BY_NUMBER = new Map<number, SignalName>(SIGNAL_NAMES.map((name) => [TABLE[name][0], name]))

export function signalNumber(name: SignalName): number {
  return TABLE[name][0]
}

export function signalAction(name: SignalName): SignalAction {
  return TABLE[name][1]
}

export function signalText(name: SignalName): string {
  return TABLE[name][2]
}

/** `9`, `KILL`, `SIGKILL`, `sigkill` … as kill(1) takes them. */
export function parseSignal(text: string): SignalName | null {
  if (/^\d+$/.test(text)) return BY_NUMBER.get(Number(text)) ?? null
  const upper = text.toUpperCase()
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`
  return Object.hasOwn(TABLE, name) ? (name as SignalName) : null
}
