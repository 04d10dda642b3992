/**
 * The files that a freshly installed machine has before anybody touches it: hier(7). Programs are installed by the assembly.
 * Containers get the same skeleton from their images.
 */
import type { FileSystem } from './file-system.ts'

const DIRECTORIES = [
  '/bin', '/boot', '/dev', '/dev/pts', '/dev/shm', '/etc', '/home', '/lib', '/mnt', '/opt', '/proc', '/root', '/run', '/sbin', '/srv', '/sys',
  '/usr/bin', '/usr/lib', '/usr/local/bin', '/usr/local/sbin', '/usr/sbin', '/usr/share', '/var/lib', '/var/log', '/var/run', '/var/tmp',
]

export function writeRootFiles(fs: FileSystem, hostname: string): void {
  for (const path of DIRECTORIES) fs.mkdir(path, { parents: true })
  fs.mkdir('/tmp', { mode: 0o1777 })
  fs.chmod('/root', 0o700)
  fs.write('/etc/hostname', `${hostname}\n`)
  fs.write('/etc/hosts', `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n`)
  fs.write('/etc/resolv.conf', '')
  fs.write('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n')
  fs.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n')
  fs.write('/etc/group', 'root:x:0:\nnogroup:x:65534:\n')
  fs.write('/etc/shells', '/bin/sh\n/bin/bash\n')
  fs.write('/etc/os-release', OS_RELEASE)
  fs.write('/etc/services', SERVICES)
  fs.write('/etc/protocols', 'ip\t0\tIP\nicmp\t1\tICMP\ntcp\t6\tTCP\nudp\t17\tUDP\nipv6-icmp\t58\tIPv6-ICMP\nsctp\t132\tSCTP\n')
}

const OS_RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
`

const SERVICES = `ssh\t\t22/tcp
domain\t\t53/tcp
domain\t\t53/udp
http\t\t80/tcp
https\t\t443/tcp
http-alt\t8080/tcp
kubernetes\t6443/tcp
`
