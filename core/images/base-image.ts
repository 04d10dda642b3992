/**
 * The distributions that images are made from: what programs a container finds beside its own. Small images have BusyBox and no
 * curl, as in reality; a lab that needs tools uses a tools image.
 */
import type { FileSystem } from '../linux/file-system.ts'
import type { Executable, Program } from '../linux/program.ts'
import { PACKAGES, installPackages } from '../commands/packages.ts'
import { bash, sh } from '../shell/index.ts'

/** Every tool there is, spelled as GNU and iproute2 spell them: machines of a lab, and boxes for troubleshooting. */
export const FULL_TOOLSET: readonly string[] = Object.keys(PACKAGES).filter((name) => name !== 'busybox')

/** Debian or Ubuntu: bash and the GNU tools, and the packages named. */
export function debianBase(fs: FileSystem, packages: readonly string[] = [], name = 'bookworm'): void {
  fs.install('/bin/bash', bash)
  fs.install('/bin/sh', sh)
  installPackages(fs, ['coreutils', ...packages])
  fs.write('/etc/debian_version', `12.11\n`)
  if (name === 'ubuntu') fs.write('/etc/os-release', 'PRETTY_NAME="Ubuntu 24.04.3 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n')
}

/** Alpine: BusyBox with ash as /bin/sh. */
export function alpineBase(fs: FileSystem, packages: readonly string[] = []): void {
  fs.install('/bin/sh', sh)
  fs.install('/bin/ash', sh)
  installPackages(fs, ['busybox', ...packages])
  fs.write('/etc/os-release', 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n')
  fs.write('/etc/alpine-release', '3.22.1\n')
}

/** The bare `busybox` image. */
export function busyboxBase(fs: FileSystem): void {
  fs.install('/bin/sh', sh)
  installPackages(fs, ['busybox'])
  fs.remove('/etc/os-release')
}

export function installProgram(fs: FileSystem, path: string, program: Program, options: Omit<Executable, 'program'> = {}): void {
  fs.install(path, { program, ...options })
}
