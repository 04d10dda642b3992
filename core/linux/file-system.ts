/**
 * An in-memory tree of files with mounts: the root of a machine or of a container (chroot: symbolic links and `..` never
 * leave it). Truth: path_resolution(7), open(2), rename(2), unlink(2), mount(2); errors are theirs.
 *
 * Omits: owners and permission checks (everybody is root), sparse files, quotas other than a size limit per file, sockets and
 * named pipes in the tree.
 */
import { type Errno, isErrno } from '../base/errno.ts'
import { byText } from '../base/text-order.ts'
import { utf8Length } from '../base/utf8.ts'
import { type DeviceName, ELF_TEXT, type Inode, InodeFactory, isDirectory, type RegularInode, type VirtualDirectory, type VirtualFile } from './inode.ts'
import { OpenInode } from './open-inode.ts'
import type { OpenFile } from './open-file.ts'
import { basename, dirname, resolvePath } from './path.ts'
import type { Executable } from './program.ts'
import { type Wait, WaitQueue } from './wait.ts'

export { resolvePath } from './path.ts'

/** MAXSYMLINKS of linux/namei.h. */
const SYMLINKS_MAX = 40
const NAME_MAX = 255
const FILE_CHARS_MAX = 256 * 1024 * 1024

export interface FileStat {
  kind: 'file' | 'directory' | 'symlink' | 'device'
  size: number
  mode: number
  mtimeUs: number
  ino: number
  links: number
}

export interface OpenFlags {
  read?: boolean
  write?: boolean
  append?: boolean
  create?: boolean
  truncate?: boolean
  exclusive?: boolean
}

interface Mount {
  readonly fs: FileSystem
  readonly readOnly: boolean
}

/** Where a walk ended: `inode` is undefined when the last name does not exist. */
interface Place {
  /** The file system that the last directory belongs to. */
  fs: FileSystem
  parent: Inode | null
  name: string
  inode: Inode | undefined
  /** The path as this (the outer) file system names it, links resolved. */
  real: string
  /** The same as `fs` names it. */
  inner: string
  readOnly: boolean
}

export class FileSystem {
  /** Told after a change, with the path as this file system names it. */
  onChange: ((path: string) => void) | null = null
  readonly #root: Inode
  readonly #inodes: InodeFactory
  readonly #mounts = new Map<Inode, Mount>()
  /** The tree that this one is a part of, and where. */
  readonly #origin: { fs: FileSystem; path: string } | null

  constructor(nowUs: () => number = () => 0, part?: { root: Inode; inodes: InodeFactory; fs: FileSystem; path: string }) {
    this.#inodes = part?.inodes ?? new InodeFactory(nowUs)
    this.#root = part?.root ?? this.#inodes.directory()
    this.#origin = part ? { fs: part.fs, path: part.path } : null
  }

  // --- Reading ---------------------------------------------------------------------------------------------------------

  read(path: string): string | Errno {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    const inode = place.inode
    if (!inode) return 'ENOENT'
    if (isDirectory(inode)) return 'EISDIR'
    if (inode.kind === 'file') return inode.executable ? ELF_TEXT : inode.content
    return inode.kind === 'virtual' ? inode.file.read() : ''
  }

  exists(path: string): boolean {
    const place = this.#walk(path, true)
    return !isErrno(place) && place.inode !== undefined
  }

  isDirectory(path: string): boolean {
    const place = this.#walk(path, true)
    return !isErrno(place) && place.inode !== undefined && isDirectory(place.inode)
  }

  /** Names in byte order, without `.` and `..`. */
  list(path: string): string[] | Errno {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    const inode = place.inode
    if (!inode) return 'ENOENT'
    if (inode.kind === 'directory') return [...inode.entries.keys(), ...(inode.overlay?.names() ?? [])].sort(byText)
    if (inode.kind === 'virtual-directory') return inode.directory.names().sort(byText)
    return 'ENOTDIR'
  }

  stat(path: string): FileStat | Errno {
    return this.#stat(path, true)
  }

  /** Like `stat`, of the symbolic link itself. */
  lstat(path: string): FileStat | Errno {
    return this.#stat(path, false)
  }

  readlink(path: string): string | Errno {
    const place = this.#walk(path, false)
    if (isErrno(place)) return place
    if (!place.inode) return 'ENOENT'
    return place.inode.kind === 'symlink' ? place.inode.target : 'EINVAL'
  }

  /** The path without symbolic links: realpath(3). The last name need not exist. */
  realpath(path: string): string | Errno {
    const place = this.#walk(path, true)
    return isErrno(place) ? place : place.real
  }

  /** The program in a file, or the text of a script, or why it cannot be executed: execve(2). */
  executable(path: string): Executable | string | Errno {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    const inode = place.inode
    if (!inode) return 'ENOENT'
    if (inode.kind !== 'file' || (inode.mode & 0o111) === 0) return 'EACCES'
    return inode.executable ?? inode.content
  }

  /** Waits for the next change of a file or directory, like inotify(7). */
  change(path: string): Wait | Errno {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    const inode = place.inode
    if (!inode) return 'ENOENT'
    if (inode.kind !== 'file' && inode.kind !== 'directory') return 'EINVAL'
    inode.changed ??= new WaitQueue()
    return inode.changed.wait
  }

  // --- Writing ---------------------------------------------------------------------------------------------------------

  write(path: string, text: string): Errno | null {
    return this.#put(path, text, false)
  }

  append(path: string, text: string): Errno | null {
    return this.#put(path, text, true)
  }

  mkdir(path: string, options: { parents?: boolean; mode?: number } = {}): Errno | null {
    const place = this.#walk(path, true)
    if (place === 'ENOENT' && options.parents) {
      const error = this.mkdir(dirname(resolvePath('/', path)), options)
      return error ?? this.mkdir(path, options)
    }
    if (isErrno(place)) return place
    if (place.inode) return options.parents && isDirectory(place.inode) ? null : 'EEXIST'
    return this.#link(place, this.#inodes.directory(options.mode))
  }

  /** Removes a name; a directory only when it is empty or with `recursive`. */
  remove(path: string, options: { recursive?: boolean } = {}): Errno | null {
    const place = this.#walk(path, false, false)
    if (isErrno(place)) return place
    if (!place.inode) return 'ENOENT'
    if (!place.parent) return 'EBUSY'
    if (place.readOnly) return 'EROFS'
    if (place.parent.kind !== 'directory') return 'EPERM'
    const inode = place.parent.entries.get(place.name)
    if (!inode) return 'EPERM'
    if (place.fs.#mounts.has(inode)) return 'EBUSY'
    if (inode.kind === 'directory' && inode.entries.size > 0) {
      if (!options.recursive) return 'ENOTEMPTY'
      for (const name of [...inode.entries.keys()]) {
        const error = this.remove(`${place.real}/${name}`, options)
        if (error) return error
      }
    }
    inode.links -= 1
    place.parent.entries.delete(place.name)
    this.#changed(place, place.parent)
    if (inode.kind === 'file') inode.changed?.wake()
    return null
  }

  rename(from: string, to: string): Errno | null {
    const source = this.#walk(from, false, false)
    if (isErrno(source)) return source
    const target = this.#walk(to, false, false)
    if (isErrno(target)) return target
    if (!source.inode) return 'ENOENT'
    if (!source.parent || !target.parent || source.fs.#mounts.has(source.inode)) return 'EBUSY'
    if (target.inode && target.fs.#mounts.has(target.inode)) return 'EBUSY'
    if (source.readOnly || target.readOnly) return 'EROFS'
    if (source.parent.kind !== 'directory' || target.parent.kind !== 'directory') return 'EPERM'
    if (source.fs.#inodes !== target.fs.#inodes) return 'EXDEV'
    if (source.inode === target.inode) return null
    if (`${target.real}/`.startsWith(`${source.real}/`)) return 'EINVAL'
    const old = target.inode
    if (old) {
      if (isDirectory(old) && !isDirectory(source.inode)) return 'EISDIR'
      if (!isDirectory(old) && isDirectory(source.inode)) return 'ENOTDIR'
      if (old.kind === 'directory' && old.entries.size > 0) return 'ENOTEMPTY'
      old.links -= 1
    }
    source.parent.entries.delete(source.name)
    target.parent.entries.set(target.name, source.inode)
    this.#changed(source, source.parent)
    this.#changed(target, target.parent)
    return null
  }

  /** Copies one file, a program with its code; directories are the caller's loop. */
  copy(from: string, to: string): Errno | null {
    const source = this.#walk(from, true)
    if (isErrno(source)) return source
    if (!source.inode) return 'ENOENT'
    const text = this.read(from)
    if (isErrno(text)) return text
    const error = this.write(to, text)
    if (error) return error
    const target = this.#walk(to, true)
    if (isErrno(target) || target.inode?.kind !== 'file' || source.inode.kind !== 'file') return null
    target.inode.executable = source.inode.executable
    target.inode.mode = source.inode.mode
    return null
  }

  symlink(target: string, path: string): Errno | null {
    const place = this.#walk(path, false)
    if (isErrno(place)) return place
    if (place.inode) return 'EEXIST'
    return this.#link(place, this.#inodes.symlink(target))
  }

  /** A second name for the same file: link(2). */
  hardLink(from: string, to: string): Errno | null {
    const source = this.#walk(from, false)
    if (isErrno(source)) return source
    const target = this.#walk(to, false)
    if (isErrno(target)) return target
    if (!source.inode) return 'ENOENT'
    if (isDirectory(source.inode)) return 'EPERM'
    if (target.inode) return 'EEXIST'
    if (source.fs.#inodes !== target.fs.#inodes) return 'EXDEV'
    source.inode.links += 1
    return this.#link(target, source.inode)
  }

  chmod(path: string, mode: number): Errno | null {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    if (!place.inode) return 'ENOENT'
    if (place.readOnly) return 'EROFS'
    place.inode.mode = mode & 0o7777
    return null
  }

  /** Creates the file if it is not there; sets its time: touch(1). */
  touch(path: string, mtimeUs = this.#inodes.nowUs): Errno | null {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    if (!place.inode) return this.#link(place, this.#inodes.file())
    if (place.readOnly) return 'EROFS'
    place.inode.mtimeUs = mtimeUs
    return null
  }

  /** An open file description; relative paths and /dev/stdin are the process's business. */
  open(path: string, flags: OpenFlags): OpenFile | Errno {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    let inode = place.inode
    const writes = flags.write || flags.append
    if (!inode) {
      if (!flags.create) return 'ENOENT'
      const created = this.#inodes.file()
      const error = this.#link(place, created)
      if (error) return error
      inode = created
    } else if (flags.exclusive && flags.create) return 'EEXIST'
    if (writes && place.readOnly && inode.kind !== 'device') return 'EROFS'
    if (isDirectory(inode)) return writes ? 'EISDIR' : new OpenInode(inode, false, place.real, () => {})
    if (inode.kind === 'symlink') return 'ELOOP'
    if (writes && inode.kind === 'virtual' && !inode.file.write) return 'EACCES'
    if (inode.kind === 'file' && flags.truncate && inode.content !== '') {
      inode.content = ''
      this.#touched(place, inode)
    }
    const file = inode
    return new OpenInode(file, flags.append === true, place.real, () => {
      if (file.kind === 'file') this.#touched(place, file)
    })
  }

  // --- Assembly --------------------------------------------------------------------------------------------------------

  /** Puts a program at `path`, making the directories on the way. */
  install(path: string, executable: Executable): void {
    const place = this.#make(path)
    const inode = this.#inodes.file('', 0o755)
    inode.executable = executable
    this.#link(place, inode)
  }

  virtual(path: string, file: VirtualFile): void {
    this.#link(this.#make(path), this.#inodes.virtual(file))
  }

  virtualDirectory(path: string, directory: VirtualDirectory): void {
    this.#link(this.#make(path), this.#inodes.virtualDirectory(directory))
  }

  /** Lets the stored directory at `path` also show entries that are made when looked at. */
  overlayDirectory(path: string, directory: VirtualDirectory): void {
    const place = this.#walk(path, true)
    if (!isErrno(place) && place.inode?.kind === 'directory') place.inode.overlay = directory
  }

  device(path: string, device: DeviceName): void {
    this.#link(this.#make(path), this.#inodes.device(device))
  }

  /** Shows `fs` at `path` (which is made if need be) instead of what is there. A mounted `fs` may have a file as its root. */
  mount(path: string, fs: FileSystem, options: { readOnly?: boolean } = {}): Errno | null {
    const rootIsDirectory = isDirectory(fs.#root)
    if (!this.exists(path)) {
      const error = this.mkdir(rootIsDirectory ? path : dirname(path), { parents: true }) ?? (rootIsDirectory ? null : this.touch(path))
      if (error) return error
    }
    const place = this.#walk(path, true, false)
    if (isErrno(place)) return place
    if (!place.inode) return 'ENOENT'
    if (isDirectory(place.inode) !== rootIsDirectory) return 'ENOTDIR'
    place.fs.#mounts.set(place.inode, { fs, readOnly: options.readOnly === true })
    return null
  }

  unmount(path: string): Errno | null {
    const place = this.#walk(path, true, false)
    if (isErrno(place)) return place
    return place.inode && place.fs.#mounts.delete(place.inode) ? null : 'EINVAL'
  }

  /** The same files, with `path` as the root: for a volume that is a host's directory. */
  subtree(path: string): FileSystem | Errno {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    if (!place.inode) return 'ENOENT'
    return new FileSystem(undefined, { root: place.inode, inodes: place.fs.#inodes, fs: this, path: place.real })
  }

  // --- Inside ----------------------------------------------------------------------------------------------------------

  /** Follows `path` name by name. `last`: also follow a symbolic link in the last place; `cross`: also a mount there. */
  #walk(path: string, last: boolean, cross = true): Place | Errno {
    let links = 0
    let names = path.split('/').filter((name) => name !== '' && name !== '.')
    let place: Place = { fs: this, parent: null, name: '', inode: this.#root, real: '/', inner: '/', readOnly: false }
    /** The way here, for `..`. */
    const way: Place[] = []
    for (let i = 0; i < names.length; i += 1) {
      const name = names[i]
      if (name.length > NAME_MAX) return 'ENAMETOOLONG'
      if (name === '..') {
        place = way.pop() ?? place
        continue
      }
      const parent = place.inode
      if (!parent) return 'ENOENT'
      if (!isDirectory(parent)) return 'ENOTDIR'
      const final = i === names.length - 1
      const found =
        parent.kind === 'directory'
          ? (parent.entries.get(name) ?? this.#virtualEntry(parent.overlay?.lookup(name)))
          : this.#virtualEntry(parent.directory.lookup(name))
      if (found?.kind === 'symlink' && (last || !final)) {
        links += 1
        if (links > SYMLINKS_MAX) return 'ELOOP'
        const rest = names.slice(i + 1)
        names = [...found.target.split('/').filter((part) => part !== '' && part !== '.'), ...rest]
        if (found.target.startsWith('/')) {
          way.length = 0
          place = { fs: this, parent: null, name: '', inode: this.#root, real: '/', inner: '/', readOnly: false }
        }
        i = -1
        continue
      }
      way.push(place)
      const real = place.real === '/' ? `/${name}` : `${place.real}/${name}`
      const inner = place.inner === '/' ? `/${name}` : `${place.inner}/${name}`
      place = { fs: place.fs, parent, name, inode: found, real, inner, readOnly: place.readOnly }
      const mounted = found && (cross || !final) ? place.fs.#mounts.get(found) : undefined
      if (mounted) {
        place.fs = mounted.fs
        place.inode = mounted.fs.#root
        place.inner = '/'
        place.readOnly ||= mounted.readOnly
      }
    }
    return place
  }

  #virtualEntry(entry: VirtualFile | VirtualDirectory | undefined): Inode | undefined {
    return entry ? this.#inodes.entry(entry) : undefined
  }

  #stat(path: string, follow: boolean): FileStat | Errno {
    const place = this.#walk(path, follow)
    if (isErrno(place)) return place
    const inode = place.inode
    if (!inode) return 'ENOENT'
    const { mode, mtimeUs, ino, links } = inode
    let kind: FileStat['kind'] = 'file'
    let size = 0
    if (isDirectory(inode)) [kind, size] = ['directory', inode.kind === 'directory' ? 4096 : 0]
    else if (inode.kind === 'symlink') [kind, size] = ['symlink', utf8Length(inode.target)]
    else if (inode.kind === 'device') kind = 'device'
    // A program's size is that of a small static binary: `ls -l` should not show an empty file.
    else if (inode.kind === 'file') size = inode.executable ? 68496 : utf8Length(inode.content)
    return { kind, size, mode, mtimeUs, ino, links }
  }

  #put(path: string, text: string, append: boolean): Errno | null {
    const place = this.#walk(path, true)
    if (isErrno(place)) return place
    let inode = place.inode
    if (!inode) {
      const file = this.#inodes.file(text)
      inode = file
      return this.#link(place, file)
    }
    if (isDirectory(inode)) return 'EISDIR'
    if (inode.kind === 'device') return inode.device === 'full' ? 'ENOSPC' : null
    if (place.readOnly) return 'EROFS'
    if (inode.kind === 'virtual') return inode.file.write ? inode.file.write(text) : 'EACCES'
    if (inode.kind !== 'file') return 'EINVAL'
    if (text.length + (append ? inode.content.length : 0) > FILE_CHARS_MAX) return 'EFBIG'
    inode.content = append ? inode.content + text : text
    inode.executable = null
    this.#touched(place, inode)
    return null
  }

  /** A place whose parents exist, for assembly. */
  #make(path: string): Place {
    const absolute = resolvePath('/', path)
    this.mkdir(dirname(absolute), { parents: true })
    return this.#walk(absolute, false) as Place
  }

  #link(place: Place, inode: Inode): Errno | null {
    if (place.readOnly) return 'EROFS'
    if (!place.parent) return 'EEXIST'
    if (place.parent.kind !== 'directory') return 'EPERM'
    // `rmdir`ed while somebody stood in it.
    if (place.parent.links <= 0) return 'ENOENT'
    place.parent.entries.set(place.name, inode)
    this.#changed(place, place.parent)
    return null
  }

  #touched(place: Place, inode: RegularInode): void {
    inode.mtimeUs = this.#inodes.nowUs
    inode.changed?.wake()
    this.#tell(place)
  }

  #changed(place: Place, parent: Inode): void {
    parent.mtimeUs = this.#inodes.nowUs
    if (parent.kind === 'directory') parent.changed?.wake()
    this.#tell(place)
  }

  /** Both file systems of a mounted place hear of a change. */
  #tell(place: Place): void {
    this.#notify(place.real)
    if (place.fs !== this) place.fs.#notify(place.inner)
  }

  #notify(path: string): void {
    this.onChange?.(path)
    if (this.#origin) this.#origin.fs.#notify(resolvePath('/', `${this.#origin.path}/${path}`))
  }
}

export { basename, dirname }
