/** free(1), df(1), mount(8), dmesg(1), lsblk-like questions: figures of a machine that nobody measures, the same on all. */
import { immediate } from '../command.ts'

const MEMORY_KB = { total: 8388608, used: 524288, free: 7340032, shared: 8192, cache: 524288, available: 7864320 }

export const free = immediate((proc, argv) => {
  const human = argv.some((word) => word.includes('h'))
  const divisor = argv.includes('-m') ? 1024 : argv.includes('-g') ? 1048576 : 1
  const show = (kb: number): string => {
    if (!human) return String(Math.floor(kb / divisor))
    if (kb === 0) return '0B'
    const units = ['Ki', 'Mi', 'Gi']
    let value = kb
    let unit = 0
    while (value >= 1024 && unit < 2) {
      value /= 1024
      unit += 1
    }
    return `${value < 10 ? value.toFixed(1) : Math.floor(value)}${units[unit]}`
  }
  const row = (name: string, values: readonly number[]): string => `${name.padEnd(8)}${values.map((value) => show(value).padStart(12)).join('')}\n`
  proc.print('               total        used        free      shared  buff/cache   available\n')
  const { total, used, shared, cache, available } = MEMORY_KB
  proc.print(row('Mem:', [total, used, MEMORY_KB.free, shared, cache, available]) + row('Swap:', [0, 0, 0]))
  return 0
})

export const df = immediate((proc, argv) => {
  const human = argv.some((word) => /^-[a-zA-Z]*h/.test(word))
  proc.print(human ? 'Filesystem      Size  Used Avail Use% Mounted on\n' : 'Filesystem     1K-blocks     Used Available Use% Mounted on\n')
  const root = proc.context.label === '' ? '/dev/sda1' : 'overlay'
  const rows = [[root, 41152736, 8230548, 32905804, '/'], ['tmpfs', 65536, 0, 65536, '/dev'], ['tmpfs', 4194304, 8192, 4186112, '/run']] as const
  const size = (kb: number): string => (kb === 0 ? '0' : kb >= 1048576 ? `${Math.ceil(kb / 1048576)}G` : kb >= 1024 ? `${Math.ceil(kb / 1024)}M` : `${kb}K`)
  for (const [name, total, used, available, place] of rows) {
    const percent = `${Math.ceil((used * 100) / total)}%`
    if (human) proc.print(`${name.padEnd(14)} ${size(total).padStart(5)} ${size(used).padStart(5)} ${size(available).padStart(5)} ${percent.padStart(4)} ${place}\n`)
    else proc.print(`${name.padEnd(14)} ${String(total).padStart(9)} ${String(used).padStart(8)} ${String(available).padStart(9)} ${percent.padStart(4)} ${place}\n`)
  }
  return 0
})

export const mount = immediate((proc, argv) => {
  if (argv.length > 1 && !argv[1].startsWith('-')) {
    proc.error(`mount: ${argv[1]}: permission denied.\n`)
    return 32
  }
  const text = proc.fs.read(proc.path('/proc/mounts'))
  const root = proc.context.label === '' ? '/dev/sda1 on / type ext4 (rw,relatime)' : 'overlay on / type overlay (rw,relatime)'
  proc.print(text.includes(' ') ? text.split('\n').filter((line) => line !== '').map((line) => {
    const [device, place, type, flags] = line.split(' ')
    return `${device} on ${place} type ${type} (${flags})\n`
  }).join('') : `${root}\nproc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\nsysfs on /sys type sysfs (ro,nosuid,nodev,noexec,relatime)\ntmpfs on /run type tmpfs (rw,nosuid,nodev)\n`)
  return 0
})

/** The simulated kernel keeps no ring of messages. */
export const dmesg = immediate(() => 0)
