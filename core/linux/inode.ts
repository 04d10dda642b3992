/**
 * What a name in a file system stands for (inode(7)). Contents are text; a program is a file whose content is its `Executable`.
 *
 * Omits: owners (everything belongs to root), hard-link counts of directories, access and change times.
 */
import type { Errno } from '../base/errno.ts'
import type { Executable } from './program.ts'
import { WaitQueue } from './wait.ts'

/** A file whose content is made when it is read, as in /proc and /sys. */
export interface VirtualFile {
  read(): string
  write?(text: string): Errno | null
}

/** A directory whose entries are made when it is looked at. */
export interface VirtualDirectory {
  names(): string[]
  lookup(name: string): VirtualFile | VirtualDirectory | undefined
}

export type DeviceName = 'null' | 'zero' | 'full' | 'random' | 'urandom' | 'tty' | 'stdin' | 'stdout' | 'stderr' | 'ptmx'

interface InodeBase {
  readonly ino: number
  mode: number
  mtimeUs: number
  links: number
}

export interface RegularInode extends InodeBase {
  readonly kind: 'file'
  content: string
  executable: Executable | null
  /** Made when somebody first waits for a change, as inotify does. */
  changed: WaitQueue | null
}

export interface DirectoryInode extends InodeBase {
  readonly kind: 'directory'
  readonly entries: Map<string, Inode>
  /** Entries that are made when looked at, beside the stored ones: the processes in /proc. */
  overlay: VirtualDirectory | null
  changed: WaitQueue | null
}

export interface SymlinkInode extends InodeBase {
  readonly kind: 'symlink'
  readonly target: string
}

export interface VirtualInode extends InodeBase {
  readonly kind: 'virtual'
  readonly file: VirtualFile
}

export interface VirtualDirectoryInode extends InodeBase {
  readonly kind: 'virtual-directory'
  readonly directory: VirtualDirectory
}

export interface DeviceInode extends InodeBase {
  readonly kind: 'device'
  readonly device: DeviceName
}

export type Inode = RegularInode | DirectoryInode | SymlinkInode | VirtualInode | VirtualDirectoryInode | DeviceInode

/** What reading a program's file as text gives: enough for `file` and `head -c4` to see an ELF binary. */
export const ELF_TEXT = '\x7fELF\x02\x01\x01'

export function isDirectory(inode: Inode): inode is DirectoryInode | VirtualDirectoryInode {
  return inode.kind === 'directory' || inode.kind === 'virtual-directory'
}

/** Numbers the inodes of one tree and stamps them with virtual time. */
export class InodeFactory {
  #next = 2
  readonly #nowUs: () => number

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs
  }

  get nowUs(): number {
    return this.#nowUs()
  }

  file(content = '', mode = 0o644): RegularInode {
    return { kind: 'file', ...this.#base(mode), content, executable: null, changed: null }
  }

  directory(mode = 0o755): DirectoryInode {
    return { kind: 'directory', ...this.#base(mode), entries: new Map(), overlay: null, changed: null }
  }

  symlink(target: string): SymlinkInode {
    return { kind: 'symlink', ...this.#base(0o777), target }
  }

  virtual(file: VirtualFile): VirtualInode {
    return { kind: 'virtual', ...this.#base(file.write ? 0o644 : 0o444), file }
  }

  virtualDirectory(directory: VirtualDirectory): VirtualDirectoryInode {
    return { kind: 'virtual-directory', ...this.#base(0o555), directory }
  }

  device(device: DeviceName): DeviceInode {
    return { kind: 'device', ...this.#base(0o666), device }
  }

  /** The inode for an entry of a virtual directory: made anew at each look, it has no identity to keep. */
  entry(entry: VirtualFile | VirtualDirectory): VirtualInode | VirtualDirectoryInode {
    return 'names' in entry ? this.virtualDirectory(entry) : this.virtual(entry)
  }

  #base(mode: number): InodeBase {
    const ino = this.#next
    this.#next += 1
    return { ino, mode, mtimeUs: this.#nowUs(), links: 1 }
  }
}
