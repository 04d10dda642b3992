/** md5sum(1), sha1sum(1), sha256sum(1), base64(1). Omits: binary marks, --tag. */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import type { Executable } from '../../linux/program.ts'
import { base64 as encode, fromBase64 } from '../base64.ts'
import { gnuOptions, readWhole } from '../command.ts'
import { md5, sha1, sha256 } from './digests.ts'

export const md5sum = checksum('md5sum', md5)
export const sha1sum = checksum('sha1sum', sha1)
export const sha256sum = checksum('sha256sum', sha256)

function checksum(name: string, digest: (bytes: Uint8Array) => string): Executable {
  return {
    *program(proc, argv) {
      const options = gnuOptions(proc, argv, { spec: { short: 'bctwz', long: { check: 'c', binary: 'b', text: 't', quiet: 'quiet', status: 'status' } }, usage: `${name} [OPTION]... [FILE]...` })
      if (typeof options === 'number') return options
      let failed = false
      let wrong = 0
      for (const file of options.operands.length > 0 ? options.operands : ['-']) {
        const whole = yield* readWhole(proc, file)
        if (isErrno(whole)) {
          proc.error(`${name}: ${file}: ${strerror(whole)}\n`)
          failed = true
          continue
        }
        if (!options.has('c')) {
          proc.print(`${digest(utf8Encode(whole.text))}  ${file}\n`)
          continue
        }
        for (const line of whole.text.split('\n')) {
          const match = /^([0-9a-f]+) [ *](.+)$/.exec(line)
          if (!match) continue
          const text = proc.fs.read(proc.path(match[2]))
          if (isErrno(text)) {
            proc.error(`${name}: ${match[2]}: ${strerror(text)}\n`)
            proc.print(`${match[2]}: FAILED open or read\n`)
            failed = true
          } else {
            const good = digest(utf8Encode(text)) === match[1]
            if (!good) wrong += 1
            if (!options.has('status') && !(good && options.has('quiet'))) proc.print(`${match[2]}: ${good ? 'OK' : 'FAILED'}\n`)
          }
        }
      }
      if (wrong > 0 && !options.has('status')) proc.error(`${name}: WARNING: ${wrong} computed checksum${wrong === 1 ? '' : 's'} did NOT match\n`)
      return failed || wrong > 0 ? 1 : 0
    },
  }
}

export const base64: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, { spec: { short: 'diw:', long: { decode: 'd', 'ignore-garbage': 'i', 'wrap=': 'w' } }, usage: 'base64 [OPTION]... [FILE]' })
    if (typeof options === 'number') return options
    const file = options.operands[0] ?? '-'
    const whole = yield* readWhole(proc, file)
    if (isErrno(whole)) {
      proc.error(`base64: ${file}: ${strerror(whole)}\n`)
      return 1
    }
    if (options.has('d')) {
      const { bytes, valid } = fromBase64(options.has('i') ? whole.text.replace(/[^A-Za-z0-9+/=]/g, '') : whole.text)
      proc.print(utf8Decode(bytes))
      if (!valid) proc.error('base64: invalid input\n')
      return valid ? 0 : 1
    }
    const width = options.has('w') ? Number(options.value('w')) : 76
    const text = encode(utf8Encode(whole.text))
    if (width > 0) {
      for (let at = 0; at < text.length; at += width) proc.print(`${text.slice(at, at + width)}\n`)
    } else proc.print(text)
    return 0
  },
}
