/**
 * ssh(1): a shell or a command on another machine, over a TCP connection to its port 22. Messages and exit codes are OpenSSH's.
 *
 * Omits: keys and known hosts, ~/.ssh/config, port forwarding, escape characters other than `~.` and `~?`.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { connectTcp, type TcpSocket } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Tty } from '../../linux/tty.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import { Channel } from './channel.ts'
import { type OpenRequest, SSH_PORT, VERSION_LINE } from './frame.ts'

interface Arguments {
  host: string
  user: string
  port: number
  command: string | null
  /** -t, -T, or as the command asks. */
  pty: boolean | null
  connectTimeoutUs: number | undefined
  noInput: boolean
  quiet: boolean
}

const FAILURE = 255

export const ssh: Executable = {
  *program(proc, argv) {
    const args = parseArguments(argv)
    if (!args) {
      proc.error('usage: ssh [-nqTt] [-l login_name] [-o option] [-p port] destination [command [argument ...]]\n')
      return FAILURE
    }
    const socket = yield* connect(proc, args)
    if (typeof socket === 'string') {
      proc.error(`${socket}\n`)
      return FAILURE
    }
    try {
      return yield* new Client(proc, args, socket).run()
    } finally {
      socket.close()
    }
  },
  complete: (proc, words, index) => ((words[index] ?? '').startsWith('-') ? ['-l', '-o', '-p', '-t', '-T'] : knownHosts(proc)),
}

function parseArguments(argv: readonly string[]): Arguments | null {
  const args: Arguments = {
    host: '', user: 'root', port: SSH_PORT, command: null, pty: null, connectTimeoutUs: undefined, noInput: false, quiet: false,
  }
  let at = 1
  for (; at < argv.length && argv[at].startsWith('-') && argv[at] !== '-'; at += 1) {
    const letters = argv[at].slice(1)
    for (let i = 0; i < letters.length; i += 1) {
      const letter = letters[i]
      if ('ploiFJLRDEbcme'.includes(letter)) {
        const joined = letters.slice(i + 1)
        if (joined === '') at += 1
        const value = joined || argv[at]
        if (value === undefined || !option(args, letter, value)) return null
        break
      }
      if (letter === 't') args.pty = true
      else if (letter === 'T') args.pty = false
      else if (letter === 'n') args.noInput = true
      else if (letter === 'q') args.quiet = true
      else if (!'46AaCfGgKkMNsVvXxYy'.includes(letter)) return null
    }
  }
  const destination = argv[at]
  if (destination === undefined) return null
  const match = /^(?:ssh:\/\/)?(?:([^@]+)@)?(.+)$/.exec(destination)
  if (!match) return null
  args.user = match[1] ?? args.user
  args.host = match[2]
  if (at + 1 < argv.length) args.command = argv.slice(at + 1).join(' ')
  return args
}

function option(args: Arguments, letter: string, value: string): boolean {
  if (letter === 'p') args.port = Number(value)
  else if (letter === 'l') args.user = value
  else if (letter === 'o') {
    const timeout = /^ConnectTimeout[= ](\d+)$/i.exec(value)
    if (timeout) args.connectTimeoutUs = Number(timeout[1]) * 1_000_000
  }
  return Number.isInteger(args.port) && args.port > 0 && args.port < 65536
}

/** The connection, or the line that says why there is none. */
function* connect(proc: Process, args: Arguments): Generator<Wait, TcpSocket | string> {
  const resolved = yield* resolveHost(proc, args.host)
  if (resolved === 'EAI_NONAME') return `ssh: Could not resolve hostname ${args.host}: Name or service not known`
  if (resolved === 'EAI_AGAIN') return `ssh: Could not resolve hostname ${args.host}: Temporary failure in name resolution`
  let why = ''
  for (const address of resolved.addresses) {
    const socket = yield* connectTcp(proc, address, args.port, { timeoutUs: args.connectTimeoutUs })
    if (!isErrno(socket)) return socket
    why = strerror(socket)
  }
  return `ssh: connect to host ${args.host} port ${args.port}: ${why}`
}

class Client {
  readonly #proc: Process
  readonly #args: Arguments
  readonly #channel: Channel
  /** The person's own terminal, when the far end has one too. */
  readonly #tty: Tty | null
  readonly #resized = new WaitQueue()
  #status: number | null = null
  #inputEnded = false
  #opened = false
  /** Typed since the last newline: `~.` at its beginning hangs up. */
  #lineStart = true
  #tilde = false

  constructor(proc: Process, args: Arguments, socket: TcpSocket) {
    this.#proc = proc
    this.#args = args
    this.#channel = new Channel(socket, utf8Encode(VERSION_LINE))
    const own = proc.fds.get(0)?.tty ?? null
    this.#tty = (args.pty ?? args.command === null) ? own : null
  }

  *run(): Generator<Wait, number> {
    const wasRaw = this.#tty?.raw ?? false
    if (this.#tty) {
      this.#proc.onSignal('SIGWINCH', () => {
        this.#channel.send('window', `${this.#tty?.columns} ${this.#tty?.rows}`)
        this.#resized.wake()
      })
    }
    try {
      const status = yield* this.#loop()
      return status
    } finally {
      if (this.#tty) this.#tty.raw = wasRaw
    }
  }

  *#loop(): Generator<Wait, number> {
    const { host, noInput } = this.#args
    if (noInput) this.#endInput()
    for (;;) {
      const channel = this.#channel
      channel.pump()
      if (!this.#opened && channel.version !== '') this.#open()
      for (let frame = channel.next(); frame; frame = channel.next()) {
        if (frame.kind === 'data') this.#proc.print(frame.text)
        else if (frame.kind === 'error') this.#proc.error(frame.text)
        else if (frame.kind === 'exit') this.#status = Number(frame.text)
      }
      if (this.#status !== null) {
        this.#restore()
        if (this.#tty && !this.#args.quiet) this.#proc.error(`Connection to ${host} closed.\n`)
        return this.#status
      }
      if (channel.closed || channel.bad) {
        this.#restore()
        this.#proc.error(`${this.#ending(host)}\n`)
        if (this.#tty) this.#proc.error(`Connection to ${host} closed.\n`)
        return FAILURE
      }
      const waits: Wait[] = [this.#resized.wait]
      if (this.#opened && !this.#inputEnded && !channel.full) {
        const file = this.#proc.fds.get(0)
        const text = file ? file.read(16384) : null
        if (text === null) this.#endInput()
        else if (text !== undefined) {
          if (this.#type(text)) return this.#disconnect()
          continue
        }
        if (file && !this.#inputEnded) waits.push(file.readable.wait)
      }
      yield* this.#proc.flush()
      yield channel.change(...waits)
    }
  }

  #ending(host: string): string {
    const { error } = this.#channel
    if (!this.#opened) return `kex_exchange_identification: ${error ? `read: ${strerror(error)}` : 'Connection closed by remote host'}`
    return error ? `Read from remote host ${host}: ${strerror(error)}` : `Connection to ${host} closed by remote host.`
  }

  #open(): void {
    this.#opened = true
    const tty = this.#tty
    const request: OpenRequest = {
      user: this.#args.user,
      command: this.#args.command,
      pty: tty ? { columns: tty.columns, rows: tty.rows, term: this.#proc.env.get('TERM') ?? tty.term } : null,
    }
    this.#channel.send('open', JSON.stringify(request))
    if (tty) tty.raw = true
  }

  #restore(): void {
    if (this.#tty) this.#tty.raw = false
  }

  #endInput(): void {
    if (this.#inputEnded) return
    this.#inputEnded = true
    this.#channel.send('eof', '')
  }

  /** Sends what was typed. True when the person typed `~.`: ESCAPE CHARACTERS of ssh(1). */
  #type(text: string): boolean {
    if (!this.#tty) {
      this.#channel.send('data', text)
      return false
    }
    let out = ''
    for (const char of text) {
      if (this.#tilde) {
        this.#tilde = false
        if (char === '.') return true
        if (char === '?') {
          this.#proc.error('Supported escape sequences:\r\n ~.   - terminate connection\r\n ~?   - this message\r\n')
          continue
        }
        if (char !== '~') out += '~'
      } else if (char === '~' && this.#lineStart) {
        this.#tilde = true
        continue
      }
      out += char
      this.#lineStart = char === '\r' || char === '\n'
    }
    if (out !== '') this.#channel.send('data', out)
    return false
  }

  #disconnect(): number {
    this.#restore()
    this.#proc.error(`Connection to ${this.#args.host} closed.\n`)
    return FAILURE
  }
}

/** Names in /etc/hosts. */
function knownHosts(proc: Process): string[] {
  const text = proc.fs.read('/etc/hosts')
  if (isErrno(text)) return []
  return text.split('\n').flatMap((line) => line.replace(/#.*$/, '').trim().split(/\s+/).slice(1)).filter((name) => !name.startsWith('ip6-'))
}
