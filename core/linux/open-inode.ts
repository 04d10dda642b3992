/** An open regular file, virtual file, device or directory: its own offset (or O_APPEND) into a shared inode. open(2), null(4), full(4). */
import type { Errno } from '../base/errno.ts'
import { ELF_TEXT, type Inode } from './inode.ts'
import { OpenFile } from './open-file.ts'

const FILE_CHARS_MAX = 256 * 1024 * 1024

export class OpenInode extends OpenFile {
  readonly inode: Inode
  readonly #append: boolean
  readonly #onWrite: () => void
  #offset = 0
  /** Virtual files are made once per open, so that a reader sees one state. */
  #snapshot: string | null = null

  constructor(inode: Inode, append: boolean, path: string, onWrite: () => void) {
    super()
    this.inode = inode
    this.path = path
    this.#append = append
    this.#onWrite = onWrite
  }

  protected override readNext(maxChars: number): string | null {
    const text = this.#text(maxChars)
    if (this.#offset >= text.length) return null
    const chunk = text.slice(this.#offset, this.#offset + maxChars)
    this.#offset += chunk.length
    return chunk
  }

  override write(text: string): Errno | null {
    const inode = this.inode
    if (inode.kind === 'device') return inode.device === 'full' ? 'ENOSPC' : null
    if (inode.kind === 'virtual') return inode.file.write ? inode.file.write(text) : 'EACCES'
    if (inode.kind !== 'file') return 'EISDIR'
    if (text === '') return null
    if (inode.content.length + text.length > FILE_CHARS_MAX) return 'EFBIG'
    const at = this.#append ? inode.content.length : Math.min(this.#offset, inode.content.length)
    if (at === inode.content.length) inode.content += text
    else inode.content = inode.content.slice(0, at) + text + inode.content.slice(at + text.length)
    inode.executable = null
    this.#offset = at + text.length
    this.#onWrite()
    return null
  }

  #text(maxChars: number): string {
    const inode = this.inode
    if (inode.kind === 'file') return inode.executable ? ELF_TEXT : inode.content
    if (inode.kind === 'virtual') {
      this.#snapshot ??= inode.file.read()
      return this.#snapshot
    }
    if (inode.kind !== 'device') return ''
    if (inode.device === 'null' || inode.device === 'tty') return ''
    // /dev/zero and its kin never end; /dev/random is not random here, only endless.
    this.#offset = 0
    return '\0'.repeat(Math.min(maxChars, 65536))
  }
}
