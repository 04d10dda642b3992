/** vi, vim, nano and other editors: they open the file in the app's editor, whose saves come back as inputs. */
import { isErrno } from '../../base/errno.ts'
import { immediate } from '../command.ts'

export const editor = immediate((proc, argv) => {
  const files = argv.slice(1).filter((word) => !/^[-+]/.test(word))
  const name = argv[0].split('/').pop() ?? 'vi'
  if (proc.context.label !== '') {
    proc.error(`${name}: files of a container cannot be edited in place; print them with cat, or edit the manifest on the workstation\n`)
    return 1
  }
  if (files.length === 0) {
    proc.error(`${name}: which file? ${name} FILE opens it in the editor\n`)
    return 1
  }
  for (const file of files) {
    const path = proc.path(file)
    if (proc.fs.isDirectory(path)) {
      proc.error(`${name}: ${file}: Is a directory\n`)
      return 1
    }
    if (!proc.fs.exists(path)) {
      const error = proc.fs.write(path, '')
      if (isErrno(error)) {
        proc.error(`${name}: ${file}: No such file or directory\n`)
        return 1
      }
    }
    proc.world.trace.emit({ kind: 'editor.open', path })
    proc.print(`${file} is open in the editor.\n`)
  }
  return 0
})
