/**
 * What probes and lifecycle hooks do: run a command in a container, ask over HTTP, open a TCP connection. The network ones start
 * from the node's own network namespace, through the real stack.
 * Truth: pkg/kubelet/lifecycle/handlers.go, pkg/probe/{http,tcp,exec}; texts are Go's net errors.
 *
 * Omits: gRPC (counts as TCP), HTTPS (counts as TCP: nothing here speaks TLS), redirects.
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import type { Container as ContainerSpec, HttpGetAction, IntOrString } from '../../api/types/index.ts'
import { httpRequest } from '../../linux/libc/http-client.ts'
import { HttpHeaders, bodyText } from '../../linux/libc/http-message.ts'
import { connectTcp } from '../../linux/libc/sockets.ts'
import { NullFile, type OpenFile, SinkFile } from '../../linux/open-file.ts'
import type { Process } from '../../linux/process.ts'
import { type Wait, WaitQueue, firstOf, sleepWait } from '../../linux/wait.ts'
import { formatIp, isV6, parseIp } from '../../net/addr/ip.ts'
import type { Container } from '../cri/container.ts'

export interface HandlerResult {
  ok: boolean
  /** What an event says of it. */
  output: string
}

export interface HandlerTarget {
  /** The kubelet's process: connections start here. */
  kubelet: Process
  container: Container
  spec: ContainerSpec
  podIp: string
  timeoutUs: number
}

const OUTPUT_MAX = 10_240

export interface Handler {
  exec?: { command?: string[] }
  httpGet?: HttpGetAction
  tcpSocket?: { port: IntOrString; host?: string }
  grpc?: { port: number }
  sleep?: { seconds: number }
}

export function* runHandler(handler: Handler, target: HandlerTarget, agent: string): Generator<Wait, HandlerResult, unknown> {
  if (handler.exec) return yield* runExec(handler.exec.command ?? [], target)
  if (handler.httpGet) return yield* runHttp(handler.httpGet, target, agent)
  if (handler.tcpSocket) return yield* runTcp(handler.tcpSocket.host || target.podIp, portNumber(handler.tcpSocket.port, target.spec), target)
  if (handler.grpc) return yield* runTcp(target.podIp, handler.grpc.port, target)
  if (handler.sleep) {
    yield sleepWait(target.kubelet.world.clock, handler.sleep.seconds * 1_000_000)
    return { ok: true, output: '' }
  }
  return { ok: true, output: '' }
}

/** A named port of the container; 0 when there is none of that name. */
function portNumber(port: IntOrString, spec: ContainerSpec): number {
  if (typeof port === 'number') return port
  const named = spec.ports?.find((p) => p.name === port)
  return named?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : 0)
}

function* runExec(command: readonly string[], target: HandlerTarget): Generator<Wait, HandlerResult, unknown> {
  const { container, timeoutUs } = target
  const machine = target.kubelet.machine
  const missing = container.missing(command)
  if (missing !== '') return { ok: false, output: execMissing(missing) }
  if (container.state !== 'running') return { ok: false, output: 'rpc error: code = NotFound desc = container is not running' }
  let output = ''
  const sink = new SinkFile((text) => { if (output.length < OUTPUT_MAX) output += text })
  const input = new NullFile()
  const child = machine.spawn({
    argv: command, context: container.context, env: container.config.env, cwd: container.config.cwd, tty: null, pgid: 'own',
    fds: new Map<number, OpenFile>([[0, input], [1, sink], [2, sink]]),
  })
  sink.close()
  input.close()
  const over = new WaitQueue()
  const timer = machine.world.clock.afterInBackground(timeoutUs, () => over.wake())
  while (child.exitCode === null && timer.run !== null) yield firstOf(child.changed.wait, over.wait)
  machine.world.clock.cancel(timer)
  if (child.exitCode === null) {
    child.signal('SIGKILL')
    const words = command.map((word) => JSON.stringify(word)).join(' ')
    return { ok: false, output: `command ${words.replaceAll('"', '')} timed out after ${timeoutUs / 1_000_000}s` }
  }
  return { ok: child.exitCode === 0, output: output.slice(0, OUTPUT_MAX) }
}

/** The runtime's words for a command that does not exist, when exec asks instead of the start of a container. */
export function execMissing(message: string): string {
  const cause = message.slice(message.indexOf('exec: "'))
  return `rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: ${cause}`
}

function* runHttp(action: HttpGetAction, target: HandlerTarget, agent: string): Generator<Wait, HandlerResult, unknown> {
  const port = portNumber(action.port, target.spec)
  const host = action.host || target.podIp
  if (action.scheme === 'HTTPS') return yield* runTcp(host, port, target)
  const address = parseIp(host)
  const path = (action.path ?? '/').startsWith('/') ? (action.path ?? '/') : `/${action.path}`
  const shown = address !== null && isV6(address) ? `[${host}]` : host
  const url = `http://${shown}:${port}${path === '/' ? '/' : path}`
  const headers = new HttpHeaders([['User-Agent', agent], ['Accept', '*/*']])
  for (const { name, value } of action.httpHeaders ?? []) headers.set(name, value)
  const answer = yield* httpRequest(target.kubelet, { url, headers, address: address ?? undefined, port, timeoutUs: target.timeoutUs })
  if ('failure' in answer) {
    const why = answer.failure === 'timeout' ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
      : answer.failure === 'connect' && answer.errno === 'ETIMEDOUT' ? `dial tcp ${shown}:${port}: i/o timeout (Client.Timeout exceeded while awaiting headers)`
      : answer.failure === 'connect' && answer.errno ? dialError(shown, port, answer.errno)
      : answer.failure === 'resolve' ? `dial tcp: lookup ${host}: no such host`
      : answer.errno ? `read tcp ${shown}:${port}: read: ${strerror(answer.errno).toLowerCase()}` : 'EOF'
    return { ok: false, output: `Get "${url}": ${why}` }
  }
  if (answer.status >= 200 && answer.status < 400) return { ok: true, output: bodyText(answer) }
  return { ok: false, output: `HTTP probe failed with statuscode: ${answer.status}` }
}

function* runTcp(host: string, port: number, target: HandlerTarget): Generator<Wait, HandlerResult, unknown> {
  const address = parseIp(host)
  if (address === null) return { ok: false, output: `dial tcp: lookup ${host}: no such host` }
  const socket = yield* connectTcp(target.kubelet, address, port, { timeoutUs: target.timeoutUs })
  const shown = isV6(address) ? `[${formatIp(address)}]` : formatIp(address)
  if (isErrno(socket)) {
    return { ok: false, output: socket === 'ETIMEDOUT' ? `dial tcp ${shown}:${port}: i/o timeout` : dialError(shown, port, socket) }
  }
  socket.close()
  return { ok: true, output: '' }
}

function dialError(host: string, port: number, errno: Errno): string {
  return `dial tcp ${host}:${port}: connect: ${strerror(errno).toLowerCase()}`
}
