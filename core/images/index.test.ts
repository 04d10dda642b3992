import { expect, test } from 'vitest'
import { parseImageRef } from '../node/cri/image-ref.ts'
import { genericImage } from './generic/generic.ts'
import { resolveImage } from './index.ts'

function say(text: string): string {
  const ref = parseImageRef(text)
  if (!ref) return 'invalid'
  const image = resolveImage(ref)
  return 'error' in image ? image.error.replace(/.*: (?=[^:]+(:[^ ]*)?: not found|.*no such host|pull access)/, '').slice(0, 60) : `${ref.full}${image === genericImage ? ' (stand-in)' : ''}`
}

test('references as the runtime reads them', () => {
  expect(['nginx', 'nginx:1.27-alpine', 'library/nginx:stable', 'docker.io/nginx', 'registry.k8s.io/coredns/coredns:v1.14.0', 'my.reg:5000/team/app', 'acme/shop:v3', 'localhost/x', 'redis:7.2'].map(say)).toEqual([
    'docker.io/library/nginx:latest', 'docker.io/library/nginx:1.27-alpine', 'docker.io/library/nginx:stable', 'docker.io/library/nginx:latest',
    'registry.k8s.io/coredns/coredns:v1.14.0', 'my.reg:5000/team/app:latest (stand-in)', 'docker.io/acme/shop:v3 (stand-in)', 'localhost/x:latest (stand-in)',
    'docker.io/library/redis:7.2',
  ])
})

test('what is no reference, and what is nowhere', () => {
  expect(['Nginx', 'nginx:', 'nginx:a b', 'a//b', '', 'nginx@sha256:12'].map(say)).toEqual(Array(6).fill('invalid'))
  expect(['nginx:latst', 'nginx:doesnotexist', 'registry.invalid/app:1', 'acme/does-not-exist', 'acme/app:nonexistent'].map((t) => ('error' in resolveImage(parseImageRef(t) as never) ? 'absent' : 'there'))).toEqual(Array(5).fill('absent'))
})
