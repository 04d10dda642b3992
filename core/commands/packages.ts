/**
 * Which package puts which program where, by the names of Debian's packages; `busybox` stands for its applets, which take the
 * place of the separate tools in small images.
 */
import type { FileSystem } from '../linux/file-system.ts'
import type { Executable } from '../linux/program.ts'
import { cat, nl, rev, tac } from './coreutils/cat.ts'
import { chmod, chown, cp, ln, mkdir, mv, rm, rmdir, touch } from './coreutils/files.ts'
import { head, tail } from './coreutils/head.ts'
import { ls } from './coreutils/ls.ts'
import { sort, uniq } from './coreutils/sort.ts'
import * as system from './coreutils/system.ts'
import { cut, tee, tr, wc } from './coreutils/text.ts'
import * as words from './coreutils/words.ts'
import { find } from './find/find.ts'
import { xargs } from './find/xargs.ts'
import { grep } from './grep/grep.ts'

type Entry = readonly [path: string, executable: Executable]

const TEXT_AND_FILES: readonly Entry[] = [
  ['/bin/cat', cat], ['/bin/ls', ls], ['/bin/cp', cp], ['/bin/mv', mv], ['/bin/rm', rm], ['/bin/mkdir', mkdir], ['/bin/rmdir', rmdir],
  ['/bin/touch', touch], ['/bin/ln', ln], ['/bin/chmod', chmod], ['/bin/chown', chown], ['/bin/chgrp', chown], ['/bin/echo', words.echo],
  ['/usr/bin/printf', words.printf], ['/usr/bin/head', head], ['/usr/bin/tail', tail], ['/usr/bin/wc', wc], ['/usr/bin/sort', sort],
  ['/usr/bin/uniq', uniq], ['/usr/bin/cut', cut], ['/usr/bin/tr', tr], ['/usr/bin/tee', tee], ['/usr/bin/seq', words.seq],
  ['/bin/sleep', system.sleep], ['/bin/date', system.date], ['/usr/bin/env', system.env], ['/usr/bin/printenv', system.printenv],
  ['/usr/bin/id', system.id], ['/usr/bin/whoami', system.rootName], ['/usr/bin/groups', system.rootName], ['/bin/hostname', system.hostname],
  ['/bin/uname', system.uname], ['/usr/bin/basename', words.basename], ['/usr/bin/dirname', words.dirname], ['/bin/readlink', words.readlink],
  ['/usr/bin/realpath', words.realpath], ['/bin/true', system.succeed], ['/bin/false', system.fail], ['/bin/sync', system.succeed],
  ['/usr/bin/yes', words.yes], ['/usr/bin/nl', nl], ['/usr/bin/tac', tac], ['/usr/bin/rev', rev], ['/usr/bin/nproc', system.nproc],
  ['/bin/pwd', system.pwd], ['/usr/bin/tty', system.tty], ['/usr/bin/test', system.test], ['/usr/bin/[', system.test],
  ['/usr/bin/clear', system.clear], ['/usr/bin/which', system.which], ['/usr/bin/uptime', system.uptime], ['/usr/bin/find', find],
  ['/usr/bin/xargs', xargs], ['/bin/grep', grep()], ['/bin/egrep', grep('E')], ['/bin/fgrep', grep('F')],
]

export const PACKAGES: Readonly<Record<string, readonly Entry[]>> = {
  coreutils: TEXT_AND_FILES,
  busybox: TEXT_AND_FILES,
}

/** Puts the programs of the named packages in place; later packages replace files of earlier ones. Unknown names are ignored. */
export function installPackages(fs: FileSystem, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(PACKAGES, name)) continue
    for (const [path, executable] of PACKAGES[name]) fs.install(path, executable)
  }
}
