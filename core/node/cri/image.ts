/**
 * A container image: files and programs, not layers. `build` is asked once for each container that is created from it.
 * Truth: OCI image-spec config.md (Entrypoint, Cmd, Env, WorkingDir, ExposedPorts).
 *
 * Omits: layers, registries, digests of real content, users, architectures.
 */
import type { FileSystem } from '../../linux/file-system.ts'

/** What an image may know of the container that it becomes. */
export interface ContainerSpec {
  /** As the pod wrote it. */
  image: string
  namespace: string
  pod: string
  container: string
  /** The pod's `command` and `args`, already expanded; empty when the image's own apply. */
  command: readonly string[]
  args: readonly string[]
  /** The pod's `workingDir`, or ''. */
  cwd: string
  ports: readonly { name: string; containerPort: number; protocol: string }[]
  env: ReadonlyMap<string, string>
}

export interface ImageBuild {
  /** ENTRYPOINT and CMD as the image declares them. */
  entrypoint: string[]
  cmd?: string[]
  env?: [name: string, value: string][]
  cwd?: string
  /** Puts the image's files and programs into a root file system that has the usual directories already. */
  install(fs: FileSystem): void
  /** Said in the Pulled event and as the first line of the container's log. */
  notice?: string
  /** Signal that asks the main process to end; SIGTERM unless told. */
  stopSignal?: 'SIGTERM' | 'SIGQUIT' | 'SIGINT' | 'SIGWINCH'
}

export interface Image {
  sizeBytes: number
  /** Something else plays this image: said in the Pulled event. */
  standIn?: boolean
  build(container: ContainerSpec): ImageBuild
}
