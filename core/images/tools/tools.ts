/**
 * Images that bring tools instead of a server: shells of distributions, curl, and the boxes that people keep for troubleshooting
 * networks. Which tools are there is as in the real images, as far as this project has them.
 */
import type { FileSystem } from '../../linux/file-system.ts'
import type { Program } from '../../linux/program.ts'
import { WaitQueue } from '../../linux/wait.ts'
import { FULL_TOOLSET, alpineBase, busyboxBase, debianBase, installProgram } from '../base-image.ts'
import type { Image, ImageBuild } from '../image.ts'

function box(sizeBytes: number, build: ImageBuild): Image {
  return { sizeBytes, build: () => build }
}

/** `docker run busybox` starts a shell: without a terminal it ends at once. */
export const busybox = box(2_160_406, { entrypoint: [], cmd: ['sh'], install: (fs) => busyboxBase(fs) })

export const busyboxPlus = box(4_214_784, {
  entrypoint: [], cmd: ['sh'],
  install(fs) {
    busyboxBase(fs)
    alpineBase(fs, ['curl'])
  },
})

export const alpine = box(3_635_232, { entrypoint: [], cmd: ['/bin/sh'], install: (fs) => alpineBase(fs) })

export const debian = box(48_481_352, { entrypoint: [], cmd: ['bash'], install: (fs) => debianBase(fs) })

export const ubuntu = box(29_733_812, { entrypoint: [], cmd: ['/bin/bash'], install: (fs) => debianBase(fs, [], 'ubuntu') })

/** curlimages/curl, alpine/curl: the words of the container are curl's. */
export const curl = box(9_216_000, {
  entrypoint: ['curl'], cmd: ['--help'],
  install: (fs) => alpineBase(fs, ['curl']),
})

/** curlimages/curl goes through a script that lets other commands through. */
export const curlimages = box(9_216_000, {
  entrypoint: ['/entrypoint.sh'], cmd: ['curl'],
  install(fs) {
    alpineBase(fs, ['curl'])
    installProgram(fs, '/entrypoint.sh', function* (proc, argv) {
      const words = argv.slice(1)
      const own = words.length === 0 || words[0].startsWith('-') || words[0].includes('://')
      return yield* proc.run({ argv: own ? ['curl', ...words] : words })
    })
  },
})

function everything(fs: FileSystem): void {
  alpineBase(fs)
  debianBase(fs, FULL_TOOLSET)
  fs.write('/etc/os-release', 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n')
}

/** nicolaka/netshoot; its zsh is a bash here. */
export const netshoot = box(208_666_624, { entrypoint: [], cmd: ['bash'], install: everything })

export const dnsutils = box(253_346_057, {
  entrypoint: [], cmd: ['sleep', '3600'],
  install: (fs) => debianBase(fs, ['dnsutils', 'curl', 'wget', 'iputils', 'netcat', 'iproute2', 'net-tools', 'procps']),
})

/** registry.k8s.io/pause as an image of its own. */
export const pause = box(319_000, {
  entrypoint: ['/pause'],
  install: (fs) => installProgram(fs, '/pause', sleeper),
})

const sleeper: Program = function* (proc) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(signal, () => proc.exit(0))
  const asleep = new WaitQueue()
  for (;;) yield asleep.wait
}
