/** One run of kubectl: its process, its words, its cluster. Commands read everything from here and print through it. */
import type { ApiClient } from '../../api/client/api-client.ts'
import type { Process } from '../../linux/process.ts'
import type { Flags, ParsedLine } from './command-line.ts'
import type { Connect } from './kubectl.ts'
import { KubectlError } from './kubectl-error.ts'
import { KubeConfig } from './kubeconfig.ts'
import { ResourceTypes } from './resource-types.ts'

export class Invocation {
  readonly proc: Process
  readonly path: string
  readonly flags: Flags
  readonly args: readonly string[]
  readonly dashAt: number
  readonly #connect: Connect
  readonly #warned = new Set<string>()
  #client: ApiClient | null = null
  #types: ResourceTypes | null = null
  #config: KubeConfig | null = null

  constructor(proc: Process, connect: Connect, line: Pick<ParsedLine, 'path' | 'flags' | 'args' | 'dashAt'>) {
    this.proc = proc
    this.#connect = connect
    this.path = line.path
    this.flags = line.flags
    this.args = line.args
    this.dashAt = line.dashAt
  }

  /** The client; the first use finds out whether there is a server. */
  get client(): ApiClient {
    if (this.#client) return this.#client
    this.config.context(this.flags.text('context'))
    const client = this.#connect(this.proc)
    if (typeof client === 'string') throw new KubectlError(/^(error|The |Unable)/.test(client) ? client : `error: ${client}`)
    this.#client = client
    return client
  }

  /** Calls the server and prints its warnings. */
  call<T>(request: (client: ApiClient) => T): T {
    const client = this.client
    const result = request(client)
    for (const warning of client.warnings) this.warn(warning)
    return result
  }

  get types(): ResourceTypes {
    this.#types ??= new ResourceTypes(this.client.server)
    return this.#types
  }

  get config(): KubeConfig {
    this.#config ??= KubeConfig.read(this.proc, this.flags.text('kubeconfig'))
    return this.#config
  }

  /** `--namespace`, else the context's, else `default`. */
  get namespace(): string {
    if (this.namespaceGiven) return this.flags.text('namespace')
    return this.config.context(this.flags.text('context'))?.context.namespace || 'default'
  }

  get namespaceGiven(): boolean {
    return this.flags.text('namespace') !== ''
  }

  get nowMs(): number {
    return this.client.server.nowMs
  }

  print(text: string): void {
    this.proc.print(text)
  }

  error(text: string): void {
    this.proc.error(text)
  }

  /** A warning of the server; the same one is printed once. */
  warn(text: string): void {
    if (this.#warned.has(text)) return
    this.#warned.add(text)
    this.error(`Warning: ${text}\n`)
  }

  /** Wrong usage: the error names the command's help. */
  usage(message: string): KubectlError {
    return KubectlError.usage(this.path, message)
  }
}
