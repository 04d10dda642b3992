/**
 * The kubelet's own API, which the API server calls for `kubectl exec`, `attach`, `logs`, `port-forward`.
 * Truth: pkg/kubelet/server, kubelet_pods.go (error texts).
 *
 * Omits: port-forward (answers that it is not there), logs of finished pods after their deletion.
 */
import { StatusError } from '../../api/meta/status.ts'
import { formatTime } from '../../api/meta/timestamp.ts'
import type { ExecHandlers, ExecOptions, ExecSession, KubeletEndpoint, LogOptions } from '../../api/server/kubelet-endpoint.ts'
import type { Machine } from '../../linux/machine.ts'
import { NullFile, type OpenFile, SinkFile } from '../../linux/open-file.ts'
import { Pipe } from '../../linux/pipe.ts'
import type { Container } from '../cri/container.ts'
import type { LogLine } from '../cri/container-log.ts'
import type { ContainerRecord } from './container-record.ts'
import { execMissing } from './handlers.ts'
import type { PodWorker } from './pod-worker.ts'

const SCREEN = { columns: 80, rows: 24 }

export class Endpoint implements KubeletEndpoint {
  readonly #machine: Machine
  readonly #find: (namespace: string, pod: string) => PodWorker | undefined
  #sessions = 0

  constructor(machine: Machine, find: (namespace: string, pod: string) => PodWorker | undefined) {
    this.#machine = machine
    this.#find = find
  }

  exec(namespace: string, pod: string, container: string, command: string[], options: ExecOptions, handlers: ExecHandlers): ExecSession | StatusError {
    const found = this.#running(namespace, pod, container)
    if (found instanceof StatusError) return found
    const missing = found.missing(command)
    if (missing !== '') {
      const id = this.#machine.world.random.stream(`exec/${this.#machine.name}`).hex(64)
      const inner = execMissing(missing).replace('rpc error: code = Unknown desc = ', '').replace('start exec:', `start exec "${id}":`)
      handlers.exit(1, `Internal error occurred: error executing command in container: ${inner}`)
      return CLOSED
    }
    return options.tty ? this.#execTty(found, command, options, handlers) : this.#execPipes(found, command, options, handlers)
  }

  attach(namespace: string, pod: string, container: string, options: ExecOptions, handlers: ExecHandlers): ExecSession | StatusError {
    const found = this.#running(namespace, pod, container)
    if (found instanceof StatusError) return found
    const untap = found.log.tap((stream, text) => (stream === 'stdout' ? handlers.stdout(text) : handlers.stderr(text)))
    const unfollow = found.log.follow(() => {}, () => handlers.exit(found.exitCode))
    const close = (): void => {
      untap()
      unfollow()
    }
    return {
      write: (text) => {
        if (!options.stdin) return
        if (found.tty) found.tty.input(text)
        else found.stdin?.write(text)
      },
      closeStdin: () => {
        if (!found.tty && found.stdin && !found.stdin.closed) found.stdin.close()
      },
      resize: (columns, rows) => found.tty?.resize(columns, rows),
      kill: close,
    }
  }

  logs(
    namespace: string, pod: string, container: string, options: LogOptions, onText: (text: string) => void, onEnd: () => void,
  ): (() => void) | StatusError {
    const record = this.#record(namespace, pod, container)
    if (record instanceof StatusError) return record
    const chosen = options.previous ? record.previous : record.current
    if (!chosen) {
      if (options.previous) return StatusError.badRequest(`previous terminated container "${container}" in pod "${pod}" not found`)
      const status = this.#find(namespace, pod)?.status()
      const shown = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find((s) => s.name === container)
      const reason = shown?.state?.waiting?.reason ?? 'ContainerCreating'
      return StatusError.badRequest(`container "${container}" in pod "${pod}" is waiting to start: ${reason}`)
    }
    const { clock, epochMs } = this.#machine.world
    const sinceUs = options.sinceSeconds === undefined ? 0 : clock.nowUs - options.sinceSeconds * 1_000_000
    let lines = chosen.log.lines().filter((line) => line.atUs >= sinceUs)
    if (options.tailLines !== undefined) lines = options.tailLines === 0 ? [] : lines.slice(-options.tailLines)
    const print = (line: LogLine): string => (options.timestamps ? `${nanoTime(epochMs, line.atUs)} ${line.text}\n` : `${line.text}\n`)
    let text = lines.map(print).join('')
    if (options.limitBytes !== undefined) text = text.slice(0, options.limitBytes)
    if (text !== '') onText(text)
    if (!options.follow || chosen.log.ended) {
      onEnd()
      return () => {}
    }
    return chosen.log.follow((line) => onText(print(line)), onEnd)
  }

  portForward(): unknown {
    return StatusError.methodNotSupported({ group: '', name: 'pods/portforward' }, 'create')
  }

  #record(namespace: string, pod: string, container: string): ContainerRecord | StatusError {
    const worker = this.#find(namespace, pod)
    const record = worker?.records.find((r) => r.spec.name === container)
    if (!worker) return StatusError.notFound({ group: '', name: 'pods' }, pod)
    return record ?? StatusError.badRequest(`container ${container} is not valid for pod ${pod}`)
  }

  #running(namespace: string, pod: string, container: string): Container | StatusError {
    const record = this.#record(namespace, pod, container)
    if (record instanceof StatusError) return record
    if (record.current?.state === 'running') return record.current
    return StatusError.internal(`unable to upgrade connection: container not found ("${container}")`)
  }

  #execPipes(container: Container, command: string[], options: ExecOptions, handlers: ExecHandlers): ExecSession {
    const pipe = options.stdin ? new Pipe() : null
    const files: [number, OpenFile][] = [
      [0, pipe ? pipe.readEnd : new NullFile()],
      [1, new SinkFile((text) => handlers.stdout(text))],
      [2, new SinkFile((text) => handlers.stderr(text))],
    ]
    const proc = this.#machine.spawn({
      argv: command, context: container.context, env: container.config.env, cwd: container.config.cwd, tty: null, pgid: 'own',
      fds: new Map(files), onExit: (code) => handlers.exit(code),
    })
    for (const [, file] of files) file.close()
    let open = pipe !== null
    const closeStdin = (): void => {
      if (open) pipe?.writeEnd.close()
      open = false
    }
    proc.atExit(closeStdin)
    return {
      write: (text) => {
        if (open) pipe?.writeEnd.write(text)
      },
      closeStdin,
      resize: () => {},
      kill: () => proc.signal('SIGKILL'),
    }
  }

  #execTty(container: Container, command: string[], options: ExecOptions, handlers: ExecHandlers): ExecSession {
    this.#sessions += 1
    const tty = this.#machine.openTty({
      id: `exec/${container.id.slice(0, 12)}/${this.#sessions}`, columns: options.columns ?? SCREEN.columns, rows: options.rows ?? SCREEN.rows,
      onOutput: (text) => handlers.stdout(text), term: 'xterm',
    })
    const env = new Map([...container.config.env, ['TERM', 'xterm']])
    const proc = this.#machine.login(tty, {
      argv: command, context: container.context, env, cwd: container.config.cwd, onExit: (code) => handlers.exit(code),
    })
    return {
      write: (text) => tty.input(text),
      closeStdin: () => {},
      resize: (columns, rows) => tty.resize(columns, rows),
      kill: () => {
        tty.hangup()
        proc.signal('SIGKILL')
      },
    }
  }
}

const CLOSED: ExecSession = { write: () => {}, closeStdin: () => {}, resize: () => {}, kill: () => {} }

/** RFC 3339 with nanoseconds, as containerd stamps lines. */
function nanoTime(epochMs: number, us: number): string {
  const whole = formatTime(epochMs + Math.floor(us / 1000))
  return `${whole.slice(0, -1)}.${String(us % 1_000_000).padStart(6, '0')}000Z`
}
