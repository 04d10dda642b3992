/** Files: what path_resolution(7), rename(2) and mount(2) promise. */
import { expect, test } from 'vitest'
import { isErrno } from '../base/errno.ts'
import { FileSystem } from './file-system.ts'

/** Everything below a path, one line each. */
function tree(fs: FileSystem, path: string): string[] {
  const names = fs.list(path)
  if (isErrno(names)) return [names]
  return names.flatMap((name) => {
    const child = path === '/' ? `/${name}` : `${path}/${name}`
    const stat = fs.lstat(child)
    if (isErrno(stat)) return [`${child} ${stat}`]
    if (stat.kind === 'directory') return [`${child}/`, ...tree(fs, child)]
    return [stat.kind === 'symlink' ? `${child} -> ${fs.readlink(child)}` : `${child} ${JSON.stringify(fs.read(child))}`]
  })
}

test('writing, listing, removing', () => {
  const fs = new FileSystem()
  expect(fs.write('/a/b', 'x')).toBe('ENOENT')
  expect(fs.mkdir('/a/b/c')).toBe('ENOENT')
  expect(fs.mkdir('/a/b/c', { parents: true })).toBe(null)
  expect(fs.mkdir('/a')).toBe('EEXIST')
  expect(fs.write('/a/f', 'one')).toBe(null)
  expect(fs.append('/a/f', '\ntwo')).toBe(null)
  expect(fs.write('/a/f/g', '')).toBe('ENOTDIR')
  expect(fs.write('/a/b', '')).toBe('EISDIR')
  expect(fs.read('/a/b')).toBe('EISDIR')
  expect(tree(fs, '/')).toEqual(['/a/', '/a/b/', '/a/b/c/', '/a/f "one\\ntwo"'])
  expect(fs.remove('/a')).toBe('ENOTEMPTY')
  expect(fs.remove('/a', { recursive: true })).toBe(null)
  expect(fs.list('/')).toEqual([])
  expect(fs.remove('/')).toBe('EBUSY')
})

test('symbolic links never leave the root', () => {
  const fs = new FileSystem()
  fs.mkdir('/etc')
  fs.write('/etc/passwd', 'root')
  fs.mkdir('/d')
  fs.symlink('../etc', '/d/up')
  fs.symlink('../../../../etc/passwd', '/d/out')
  fs.symlink('/etc/passwd', '/abs')
  fs.symlink('loop', '/loop')
  expect([fs.read('/d/up/passwd'), fs.read('/d/out'), fs.read('/abs'), fs.read('/loop'), fs.realpath('/d/up/../d/up')]).toEqual([
    'root', 'root', 'root', 'ELOOP', '/etc',
  ])
  expect(fs.write('/abs', 'changed')).toBe(null)
  expect(fs.read('/etc/passwd')).toBe('changed')
  expect(fs.remove('/abs')).toBe(null)
  expect(fs.read('/etc/passwd')).toBe('changed')
})

test('renaming', () => {
  const fs = new FileSystem()
  fs.mkdir('/a/b', { parents: true })
  fs.write('/f', '1')
  fs.write('/g', '2')
  expect([fs.rename('/f', '/g'), fs.rename('/g', '/a'), fs.rename('/a', '/a/b/c'), fs.rename('/g', '/a/g'), fs.rename('/nope', '/x')]).toEqual([
    null, 'EISDIR', 'EINVAL', null, 'ENOENT',
  ])
  expect(tree(fs, '/')).toEqual(['/a/', '/a/b/', '/a/g "1"'])
})

test('mounts: volumes, single files, parts of a host, read-only', () => {
  const host = new FileSystem()
  host.mkdir('/var/log', { parents: true })
  host.write('/var/log/x', 'log')
  host.write('/conf', 'c')
  const changes: string[] = []
  host.onChange = (path) => changes.push(path)
  const root = new FileSystem()
  const log = host.subtree('/var/log')
  const conf = host.subtree('/conf')
  if (isErrno(log) || isErrno(conf)) throw new Error('subtree')
  expect([root.mount('/host/log', log), root.mount('/etc/conf', conf, { readOnly: true })]).toEqual([null, null])
  expect(tree(root, '/')).toEqual(['/etc/', '/etc/conf "c"', '/host/', '/host/log/', '/host/log/x "log"'])
  expect([root.write('/host/log/y', 'new'), root.write('/etc/conf', 'no'), root.remove('/host/log'), root.rename('/host/log/x', '/x')]).toEqual([
    null, 'EROFS', 'EBUSY', 'EXDEV',
  ])
  expect(host.read('/var/log/y')).toBe('new')
  expect(changes).toEqual(['/var/log/y'])
  expect(root.read('/host/log/../log/x')).toBe('log')
  root.unmount('/host/log')
  expect(root.list('/host/log')).toEqual([])
})

test('programs and made files', () => {
  const fs = new FileSystem()
  fs.install('/usr/bin/x', { program: function* (proc) { yield* proc.work(1); return 0 } })
  fs.write('/script', '#!/bin/sh\n')
  expect(fs.executable('/script')).toBe('EACCES')
  fs.chmod('/script', 0o755)
  expect([fs.executable('/script'), fs.executable('/usr'), typeof fs.executable('/usr/bin/x')]).toEqual(['#!/bin/sh\n', 'EACCES', 'object'])
  fs.copy('/usr/bin/x', '/y')
  expect(fs.executable('/y')).toBe(fs.executable('/usr/bin/x'))
  let value = '0\n'
  fs.virtual('/proc/sys/x', { read: () => value, write: (text) => { value = text; return null } })
  fs.virtual('/proc/version', { read: () => 'v' })
  expect([fs.write('/proc/sys/x', '1\n'), fs.read('/proc/sys/x'), fs.write('/proc/version', 'w')]).toEqual([null, '1\n', 'EACCES'])
})
