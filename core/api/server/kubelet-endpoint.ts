/** What the API server asks of a node's kubelet: exec, attach, logs, port-forward. The kubelet registers itself. */
import type { StatusError } from '../meta/status.ts'

export interface ExecHandlers {
  stdout(text: string): void
  stderr(text: string): void
  /** `message` explains a failure before the process started. */
  exit(code: number, message?: string): void
}

export interface ExecOptions {
  stdin: boolean
  tty: boolean
  columns?: number
  rows?: number
}

export interface ExecSession {
  write(text: string): void
  closeStdin(): void
  resize(columns: number, rows: number): void
  kill(): void
}

export interface LogOptions {
  follow: boolean
  previous: boolean
  timestamps: boolean
  tailLines?: number
  sinceSeconds?: number
  limitBytes?: number
}

export interface KubeletEndpoint {
  exec(
    namespace: string,
    pod: string,
    container: string,
    command: string[],
    options: ExecOptions,
    handlers: ExecHandlers,
  ): ExecSession | StatusError
  attach(namespace: string, pod: string, container: string, options: ExecOptions, handlers: ExecHandlers): ExecSession | StatusError
  /** Returns what stops the stream. `onEnd` comes after the last text, at once when not following. */
  logs(
    namespace: string,
    pod: string,
    container: string,
    options: LogOptions,
    onText: (text: string) => void,
    onEnd: () => void,
  ): (() => void) | StatusError
  portForward(namespace: string, pod: string, port: number): unknown
}
