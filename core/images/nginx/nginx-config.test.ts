import { expect, test } from 'vitest'
import { FileSystem } from '../../linux/file-system.ts'
import { chooseLocation, chooseServer, readNginxConfig } from './nginx-config.ts'

function config(files: Record<string, string>) {
  const fs = new FileSystem()
  for (const [path, text] of Object.entries(files)) {
    fs.mkdir(path.slice(0, path.lastIndexOf('/')), { parents: true })
    fs.write(path, text)
  }
  return readNginxConfig(fs, '/etc/nginx/nginx.conf')
}

test('includes, servers, names and the order of locations', () => {
  const made = config({
    '/etc/nginx/nginx.conf': 'events {}\nhttp { # all\n  include /etc/nginx/conf.d/*.conf;\n  upstream back { server a:80; server b:81; }\n}\n',
    '/etc/nginx/conf.d/a.conf': 'server { listen 80 default_server; server_name _; location / { return 200 "hello; ${host}\\n"; } location = /x { } location ^~ /static/ { } location ~* \\.PHP$ { } location /static/deep { } }',
    '/etc/nginx/conf.d/b.conf': "server { listen 8080; listen [::]:80; server_name www.example.com *.test.org; }",
    '/etc/nginx/conf.d/c.txt': 'nonsense',
  })
  if (typeof made === 'string') throw new Error(made)
  expect(made.servers.map((s) => [s.listen.map((l) => l.port), s.names])).toEqual([[[80], ['_']], [[8080], ['www.example.com', '*.test.org']]])
  expect([...made.upstreams]).toEqual([['back', ['a:80', 'b:81']]])
  const server = made.servers[0]
  expect(['/', '/x', '/x/y', '/static/a.php', '/static/deep/a', '/a.php', '/other'].map((p) => chooseLocation(server, p)?.pattern)).toEqual(
    ['/', '/x', '/', '/static/', '/static/deep', '\\.PHP$', '/'])
  expect(server.locations[0].directives[0].args).toEqual(['200', 'hello; ${host}\n'])
  expect([chooseServer(made, 8080, 'www.example.com')?.names[0], chooseServer(made, 8080, 'a.test.org')?.names[0], chooseServer(made, 80, 'x')?.names[0], chooseServer(made, 81, 'x')]).toEqual(
    ['www.example.com', 'www.example.com', '_', undefined])
})

test('mistakes are named with file and line, as nginx -t does', () => {
  expect([
    config({ '/etc/nginx/nginx.conf': 'http {\n  server {\n    listen 80;\n' }),
    config({ '/etc/nginx/nginx.conf': 'http {\n  server {\n    listen 80\n  }\n}\n' }),
    config({ '/etc/nginx/nginx.conf': 'http {}\n}\n' }),
    config({}),
  ]).toEqual([
    'unexpected end of file, expecting "}" in /etc/nginx/nginx.conf:3',
    'unexpected "}" in /etc/nginx/nginx.conf:4',
    'unexpected "}" in /etc/nginx/nginx.conf:2',
    'open() "/etc/nginx/nginx.conf" failed (2: No such file or directory)',
  ])
})
