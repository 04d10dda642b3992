/** An HTTP/1.1 server: a thread per connection, keep-alive, one handler. */
import { Bug } from '../../base/assert.ts'
import type { Errno } from '../../base/errno.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import type { Process } from '../process.ts'
import type { Wait } from '../wait.ts'
import type { HttpRequest, HttpResponse } from './http-message.ts'

export interface ServedRequest extends HttpRequest {
  client: { address: IpAddr; port: number }
  local: { address: IpAddr; port: number }
  /** The thread that serves it: resolve and connect with this one. */
  thread: Process
}

export type HttpHandler = (request: ServedRequest) => HttpResponse | Generator<Wait, HttpResponse>

/** Listens on all addresses (or one) and serves for ever; returns only when it cannot listen. */
// biome-ignore lint/correctness/useYield: not yet
export function* serveHttp(
  proc: Process,
  port: number,
  handler: HttpHandler,
  options: { address?: IpAddr | null; server?: string; idleTimeoutUs?: number } = {},
): Generator<Wait, Errno> {
  throw new Bug(`not yet ${proc.name} ${port} ${typeof handler} ${options.server}`)
}
