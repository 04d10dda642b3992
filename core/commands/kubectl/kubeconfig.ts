/**
 * The kubeconfig file: which cluster, which user, which namespace. Truth: k8s.io/client-go/tools/clientcmd.
 *
 * Omits: merging of several files (`KUBECONFIG=a:b` reads the first that exists), credentials (kept as they are, never used).
 */
import { isErrno } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import { readYaml } from '../../base/yaml-gate.ts'
import type { Process } from '../../linux/process.ts'
import { KubectlError } from './kubectl-error.ts'
import { goYaml } from './print/go-yaml.ts'

export interface NamedContext {
  name: string
  context: { cluster?: string; user?: string; namespace?: string; [field: string]: unknown }
}

export interface KubeConfigFile {
  apiVersion: string
  kind: string
  preferences?: unknown
  clusters: { name: string; cluster: { server?: string; [field: string]: unknown } }[]
  users: { name: string; user: Record<string, unknown> }[]
  contexts: NamedContext[]
  'current-context': string
  [field: string]: unknown
}

export class KubeConfig {
  readonly path: string
  readonly file: KubeConfigFile
  readonly #proc: Process

  constructor(proc: Process, path: string, file: KubeConfigFile) {
    this.#proc = proc
    this.path = path
    this.file = file
  }

  static read(proc: Process, given: string): KubeConfig {
    const path = given !== '' ? given : pathOf(proc)
    const absolute = proc.path(path)
    const text = proc.fs.read(absolute)
    if (isErrno(text)) return new KubeConfig(proc, absolute, empty())
    const result = readYaml(text)
    if ('error' in result) throw new KubectlError(`error loading config file "${absolute}": ${result.error.goText}`)
    const value = (result.documents[0]?.value ?? {}) as Partial<KubeConfigFile>
    return new KubeConfig(proc, absolute, {
      ...empty(),
      ...value,
      clusters: byName(value.clusters),
      users: byName(value.users),
      contexts: byName(value.contexts),
      'current-context': value['current-context'] ?? '',
    })
  }

  /** The context by name, or the current one. */
  context(name: string): NamedContext | undefined {
    const wanted = name !== '' ? name : this.file['current-context']
    const found = this.file.contexts.find((each) => each.name === wanted)
    if (!found && name !== '') throw new KubectlError(`Error in configuration: context was not found for specified context: ${name}`)
    return found
  }

  write(): void {
    const parent = this.path.slice(0, this.path.lastIndexOf('/')) || '/'
    this.#proc.fs.mkdir(parent, { parents: true })
    const error = this.#proc.fs.write(this.path, goYaml(this.file))
    if (error) throw new KubectlError(`open ${this.path}: ${error}`)
  }
}

function byName<T extends { name: string }>(list: readonly T[] | null | undefined): T[] {
  return [...(list ?? [])].sort((a, b) => byText(a.name, b.name))
}

function pathOf(proc: Process): string {
  for (const path of (proc.env.get('KUBECONFIG') ?? '').split(':')) if (path !== '' && proc.fs.exists(proc.path(path))) return path
  const named = (proc.env.get('KUBECONFIG') ?? '').split(':').find((path) => path !== '')
  return named ?? `${proc.env.get('HOME') ?? '/root'}/.kube/config`
}

function empty(): KubeConfigFile {
  return { apiVersion: 'v1', kind: 'Config', preferences: {}, clusters: [], users: [], contexts: [], 'current-context': '' }
}
