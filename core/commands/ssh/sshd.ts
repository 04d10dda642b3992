/**
 * sshd(8): listens on port 22 and runs a login shell on a pseudo-terminal, or one command, for each connection.
 *
 * Omits: authentication (the lab's keys are always right), sshd_config, agent and port forwarding, subsystems (sftp).
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { serveTcp, type TcpSocket } from '../../linux/libc/sockets.ts'
import type { Machine } from '../../linux/machine.ts'
import { OpenFile, SinkFile } from '../../linux/open-file.ts'
import { Pipe } from '../../linux/pipe.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Tty } from '../../linux/tty.ts'
import type { Wait } from '../../linux/wait.ts'
import { Channel } from './channel.ts'
import { type Frame, type OpenRequest, SSH_PORT, VERSION_LINE } from './frame.ts'

export const sshd: Executable = {
  *program(proc, argv) {
    const at = argv.indexOf('-p')
    const port = at > 0 ? Number(argv[at + 1]) : SSH_PORT
    const listener = proc.netns.sockets.tcpListen({ address: null, port, owner: proc.owner })
    if (isErrno(listener)) {
      proc.error(`error: Bind to port ${port} on 0.0.0.0 failed: ${strerror(listener)}.\n`)
      return 255
    }
    return yield* serveTcp(proc, listener, (thread, socket) => serveConnection(thread, socket))
  },
}

/** Starts the daemon as the machine's boot does. */
export function startSshd(machine: Machine): Process {
  return machine.spawn({ argv: ['/usr/sbin/sshd', '-D'], executable: sshd })
}

/** What was started for a connection. */
interface Session {
  login: Process
  tty: Tty | null
  input: OpenFile | null
  /** Where a command without terminal prints: its writer waits while the line is behind. */
  output: OpenFile | null
}

function* serveConnection(thread: Process, socket: TcpSocket): Generator<Wait, void> {
  const channel = new Channel(socket, utf8Encode(VERSION_LINE))
  let session: Session | null = null
  try {
    for (;;) {
      channel.pump()
      if (!channel.full) session?.output?.writable.wake()
      for (let frame = channel.next(); frame; frame = channel.next()) session = obey(thread, channel, socket, session, frame)
      if (channel.closed || channel.bad) return
      // Everything was said, the status last.
      if (session && session.login.exitCode !== null && channel.idle) return
      yield channel.change(...(session ? [session.login.changed.wait] : []))
    }
  } finally {
    if (session && session.login.exitCode === null) hangUp(thread, session)
    session?.input?.close()
  }
}

function obey(thread: Process, channel: Channel, socket: TcpSocket, session: Session | null, frame: Frame): Session | null {
  if (frame.kind === 'open' && !session) return open(thread, channel, socket, JSON.parse(frame.text) as OpenRequest)
  if (!session) return null
  if (frame.kind === 'data') {
    if (session.tty) session.tty.input(frame.text)
    else session.input?.write(frame.text)
  } else if (frame.kind === 'window' && session.tty) {
    const [columns, rows] = frame.text.split(' ').map(Number)
    session.tty.resize(columns, rows)
  } else if (frame.kind === 'eof' && session.input) {
    session.input.close()
    session.input = null
  }
  return session
}

function open(thread: Process, channel: Channel, socket: TcpSocket, request: OpenRequest): Session {
  const { machine } = thread
  const argv = request.command === null ? ['-bash'] : ['bash', '-c', request.command]
  const shell = machine.fs.executable('/bin/bash')
  const executable = typeof shell === 'object' ? shell : undefined
  const connection = `${socket.remotePort} ${socket.localPort}`
  const env = new Map([
    ['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], ['HOME', '/root'], ['USER', request.user], ['LOGNAME', request.user],
    ['SHELL', '/bin/bash'], ['LANG', 'C.UTF-8'], ['SSH_CONNECTION', connection],
  ])
  const onExit = (code: number): void => channel.send('exit', String(code))
  const context = machine.root
  if (request.pty) {
    const { columns, rows, term } = request.pty
    env.set('TERM', term)
    const tty = machine.openTty({ id: `ssh/${machine.name}/${thread.pid}/${socket.remotePort}`, columns, rows, term, onOutput: (text) => channel.send('data', text) })
    env.set('SSH_TTY', `/dev/pts/${tty.number}`)
    const login = machine.login(tty, { argv, executable, context, env, cwd: '/root', onExit })
    return { login, tty, input: null, output: null }
  }
  const pipe = new Pipe()
  const stdout = new ChannelFile(channel, 'data')
  const stderr = new SinkFile((text) => channel.send('error', text))
  const fds = new Map<number, OpenFile>([[0, pipe.readEnd], [1, stdout], [2, stderr]])
  const login = machine.spawn({ argv, executable, context, env, cwd: '/root', fds, tty: null, pgid: 'own', onExit })
  pipe.readEnd.close()
  return { login, tty: null, input: pipe.writeEnd, output: stdout }
}

/** The line is dead: the session hears of it as from a modem. */
function hangUp(thread: Process, session: Session): void {
  if (session.tty) session.tty.hangup()
  else thread.machine.signalGroup(session.login.pgid, 'SIGHUP')
}

/** Standard output of a command: full while the connection is behind. */
class ChannelFile extends OpenFile {
  readonly #channel: Channel
  readonly #kind: 'data' | 'error'

  constructor(channel: Channel, kind: 'data' | 'error') {
    super()
    this.#channel = channel
    this.#kind = kind
  }

  protected override readNext(): null {
    return null
  }

  override get full(): boolean {
    return this.#channel.full
  }

  override write(text: string): null {
    this.#channel.send(this.#kind, text)
    return null
  }
}
