/**
 * nginx: static files, returns and reverse proxying out of its own configuration files.
 * Truth: docker-library/nginx (entrypoint, default.conf), nginx's error pages and logs.
 *
 * Omits: worker processes, signals other than stop (reload is a restart of the container), ranges, compression.
 */
import { httpDate } from '../../linux/libc/http-date.ts'
import { type HttpResponse, HttpHeaders, httpReason } from '../../linux/libc/http-message.ts'
import { httpRequest } from '../../linux/libc/http-client.ts'
import { type ServedRequest, serveHttp } from '../../linux/libc/http-server.ts'
import { strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { WaitQueue } from '../../linux/wait.ts'
import { formatIp } from '../../net/addr/ip.ts'
import { alpineBase, debianBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'
import { combinedLog, pathOf, response } from '../web-server.ts'
import { type Directive, type NginxConfig, chooseLocation, chooseServer, lookupDirective, readNginxConfig } from './nginx-config.ts'

export const NGINX_VERSION = '1.29.1'
const CONFIG = '/etc/nginx/nginx.conf'

export const WELCOME = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`

const NGINX_CONF = `user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;

    sendfile        on;
    keepalive_timeout  65;

    include /etc/nginx/conf.d/*.conf;
}
`

const defaultConf = (port: number): string => `server {
    listen       ${port};
    server_name  localhost;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
`

/** `port` 8080 is nginx-unprivileged. */
export function nginxImage(port = 80): Image {
  return {
    sizeBytes: 72_324_501,
    build: ({ image }) => ({
      entrypoint: ['/docker-entrypoint.sh'],
      cmd: ['nginx', '-g', 'daemon off;'],
      env: [['NGINX_VERSION', NGINX_VERSION]],
      stopSignal: 'SIGQUIT',
      install(fs) {
        if (image.includes('alpine')) alpineBase(fs, ['curl'])
        else debianBase(fs, ['curl'])
        fs.mkdir('/etc/nginx/conf.d', { parents: true })
        fs.mkdir('/usr/share/nginx/html', { parents: true })
        fs.mkdir('/var/log/nginx', { parents: true })
        fs.write(CONFIG, NGINX_CONF)
        fs.write('/etc/nginx/mime.types', 'types {\n    text/html html htm shtml;\n    text/css css;\n    application/json json;\n    text/plain txt;\n}\n')
        fs.write('/etc/nginx/conf.d/default.conf', defaultConf(port))
        fs.write('/usr/share/nginx/html/index.html', WELCOME)
        fs.write('/usr/share/nginx/html/50x.html', '<!DOCTYPE html>\n<html>\n<head>\n<title>Error</title>\n</head>\n<body>\n<h1>An error occurred.</h1>\n</body>\n</html>\n')
        installProgram(fs, '/docker-entrypoint.sh', entrypoint)
        installProgram(fs, '/usr/sbin/nginx', nginx)
      },
    }),
  }
}

const entrypoint: Program = function* (proc, argv) {
  const words = argv.slice(1)
  if (words[0] === 'nginx') {
    proc.print('/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration\n')
    proc.print('/docker-entrypoint.sh: Looking for shell scripts in /docker-entrypoint.d/\n')
    proc.print('/docker-entrypoint.sh: Configuration complete; ready for start up\n')
    return yield* proc.exec({ program: nginx }, words)
  }
  return yield* proc.run({ argv: words })
}

export const nginx: Program = function* (proc, argv) {
  if (argv.includes('-v') || argv.includes('-V')) {
    proc.error(`nginx version: nginx/${NGINX_VERSION}\n`)
    return 0
  }
  const config = readNginxConfig(proc.fs, CONFIG)
  if (typeof config === 'string') {
    proc.error(`${stamp(proc)} [emerg] ${proc.localPid}#${proc.localPid}: ${config}\nnginx: [emerg] ${config}\n`)
    if (argv.includes('-t')) proc.error(`nginx: configuration file ${CONFIG} test failed\n`)
    return 1
  }
  if (argv.includes('-t')) {
    proc.error(`nginx: the configuration file ${CONFIG} syntax is ok\nnginx: configuration file ${CONFIG} test is successful\n`)
    return 0
  }
  if (argv.includes('-s')) {
    proc.error(`nginx: [notice] signal process started\n`)
    proc.machine.findProcess(proc.context, 1)?.signal(argv[argv.indexOf('-s') + 1] === 'reload' ? 'SIGHUP' : 'SIGQUIT')
    return 0
  }
  return yield* serve(proc, config)
}

function* serve(proc: Process, first: NginxConfig): Generator<Wait, number, unknown> {
  const me = `${proc.localPid}#${proc.localPid}`
  let config = first
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    proc.onSignal(signal, (name) => {
      proc.error(`${stamp(proc)} [notice] ${me}: signal ${name === 'SIGQUIT' ? '3 (SIGQUIT) received, shutting down' : '15 (SIGTERM) received, exiting'}\n`)
      proc.exit(0)
    })
  }
  proc.onSignal('SIGHUP', () => {
    const next = readNginxConfig(proc.fs, CONFIG)
    proc.error(`${stamp(proc)} [notice] ${me}: signal 1 (SIGHUP) received, reconfiguring\n`)
    if (typeof next === 'string') proc.error(`${stamp(proc)} [emerg] ${me}: ${next}\n`)
    else config = next
  })
  proc.error(`${stamp(proc)} [notice] ${me}: using the "epoll" event method\n${stamp(proc)} [notice] ${me}: nginx/${NGINX_VERSION}\n`)
  proc.error(`${stamp(proc)} [notice] ${me}: start worker processes\n`)
  const ports = [...new Set(config.servers.flatMap((s) => s.listen.map((l) => l.port)))]
  const failed = new WaitQueue()
  let code = 0
  for (const port of ports) {
    proc.thread(function* (thread) {
      const errno = yield* serveHttp(thread, port, (request) => answer(request, config, port), { server: `nginx/${NGINX_VERSION}` })
      proc.error(`nginx: [emerg] bind() to 0.0.0.0:${port} failed (98: ${strerror(errno)})\n`)
      code = 1
      failed.wake()
    })
  }
  while (code === 0) yield failed.wait
  return code
}

function* answer(request: ServedRequest, config: NginxConfig, port: number): Generator<Wait, HttpResponse, unknown> {
  const made = yield* handle(request, config, port)
  const proc = request.thread
  proc.print(combinedLog(request, made.status, request.method === 'HEAD' ? 0 : made.body.length, proc.world.nowIso()))
  return made
}

function* handle(request: ServedRequest, config: NginxConfig, port: number): Generator<Wait, HttpResponse, unknown> {
  const host = (request.headers.get('Host') ?? '').replace(/:\d+$/, '')
  const server = chooseServer(config, port, host)
  if (!server) return errorPage(404)
  const path = pathOf(request)
  const location = chooseLocation(server, path)
  const levels = [location?.directives ?? [], server.directives]
  const extra = levels.find((l) => l.some((d) => d.name === 'add_header')) ?? []
  const finish = (made: HttpResponse): HttpResponse => {
    for (const d of extra) if (d.name === 'add_header' && (made.status < 400 || d.args.includes('always'))) made.headers.append(d.args[0], expand(d.args[1] ?? '', request, host))
    return made
  }
  const back = lookupDirective('return', ...levels)
  if (back) return finish(returned(back, request, host, levels))
  const pass = location?.directives.find((d) => d.name === 'proxy_pass')
  if (pass) return finish(yield* proxy(request, pass, location?.pattern ?? '/', levels, config, host))
  if (lookupDirective('stub_status', location?.directives ?? [])) {
    return finish(response(200, 'Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \n', 'text/plain'))
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return errorPage(405)
  return finish(staticFile(request, path, levels, server.directives))
}

function returned(d: Directive, request: ServedRequest, host: string, levels: readonly Directive[][]): HttpResponse {
  const status = Number(d.args[0])
  const text = expand(d.args[1] ?? '', request, host)
  if (!Number.isInteger(status)) return redirect(302, d.args[0])
  if ([301, 302, 303, 307, 308].includes(status)) return redirect(status, text)
  if (text === '' && status >= 400) return errorPage(status)
  return response(status, text, lookupDirective('default_type', ...levels)?.args[0] ?? 'application/octet-stream')
}

function redirect(status: number, to: string): HttpResponse {
  const made = errorPage(status)
  made.headers.append('Location', to)
  return made
}

function staticFile(request: ServedRequest, path: string, levels: readonly Directive[][], server: readonly Directive[]): HttpResponse {
  const fs = request.thread.fs
  const root = lookupDirective('root', ...levels)?.args[0] ?? '/etc/nginx/html'
  const alias = levels[0].find((d) => d.name === 'alias')?.args[0]
  const index = lookupDirective('index', ...levels)?.args ?? ['index.html']
  const tries = lookupDirective('try_files', ...levels)?.args
  const candidates = tries ? tries.map((t) => t.replace('$uri', path)) : [path]
  for (const candidate of candidates) {
    const status = /^=(\d{3})$/.exec(candidate)
    if (status) return errorPage(Number(status[1]))
    const file = `${alias ?? root}${decodePath(candidate)}`.replaceAll(/\/+/g, '/')
    if (fs.isDirectory(file)) {
      if (!candidate.endsWith('/')) {
        if (tries) continue
        return redirect(301, `http://${request.headers.get('Host') ?? 'localhost'}${path}/`)
      }
      const found = index.find((name) => fs.exists(`${file}/${name}`))
      if (found) return fileResponse(request, `${file}/${found}`)
      if (!tries) {
        if (lookupDirective('autoindex', ...levels, server)?.args[0] === 'on') return response(200, listing(path, fs.list(file)), 'text/html')
        request.thread.error(errorLog(request, `directory index of "${file}" is forbidden`))
        return errorPage(403)
      }
    } else if (fs.exists(file)) return fileResponse(request, file)
    else if (!tries) {
      request.thread.error(errorLog(request, `open() "${file}" failed (2: No such file or directory)`))
      return errorPage(404)
    }
  }
  return errorPage(404)
}

function listing(path: string, names: string[] | string): string {
  const rows = typeof names === 'string' ? [] : names.map((n) => `<a href="${n}">${n}</a>\r\n`)
  return `<html>\r\n<head><title>Index of ${path}</title></head>\r\n<body>\r\n<h1>Index of ${path}</h1><hr><pre><a href="../">../</a>\r\n${rows.join('')}</pre><hr></body>\r\n</html>\r\n`
}

const TYPES = new Map([['html', 'text/html'], ['htm', 'text/html'], ['css', 'text/css'], ['js', 'application/javascript'], ['json', 'application/json'], ['txt', 'text/plain'], ['svg', 'image/svg+xml']])

function fileResponse(request: ServedRequest, file: string): HttpResponse {
  const { fs, world } = request.thread
  const type = TYPES.get(file.slice(file.lastIndexOf('.') + 1)) ?? 'application/octet-stream'
  const made = response(200, fs.read(file), type)
  const stat = fs.stat(file)
  const mtime = typeof stat === 'string' ? 0 : stat.mtimeUs
  made.headers.append('Last-Modified', httpDate((world.epochMs + mtime / 1000) / 1000))
  made.headers.append('ETag', `"${(Math.floor(world.epochMs / 1000) + Math.floor(mtime / 1e6)).toString(16)}-${made.body.length.toString(16)}"`)
  made.headers.append('Accept-Ranges', 'bytes')
  return made
}

export function errorPage(status: number): HttpResponse {
  const title = `${status} ${httpReason(status)}`
  return response(status, `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/${NGINX_VERSION}</center>\r\n</body>\r\n</html>\r\n`, 'text/html')
}

function* proxy(
  request: ServedRequest, pass: Directive, prefix: string, levels: readonly Directive[][], config: NginxConfig, host: string,
): Generator<Wait, HttpResponse, unknown> {
  const url = /^http:\/\/([^/]+)(\/.*)?$/.exec(expand(pass.args[0] ?? '', request, host))
  if (!url) return errorPage(500)
  const upstream = config.upstreams.get(url[1])
  const stream = request.thread.world.random.stream(`nginx/${request.thread.context.label}`)
  const target = upstream && upstream.length > 0 ? upstream[stream.below(upstream.length)] : url[1]
  const path = url[2] === undefined ? request.target : url[2] + request.target.slice(prefix.length)
  const headers = new HttpHeaders(request.headers.fields)
  headers.set('Host', url[1])
  headers.set('Connection', 'close')
  for (const level of [...levels].reverse()) for (const d of level) if (d.name === 'proxy_set_header') headers.set(d.args[0], expand(d.args[1] ?? '', request, host))
  const connect = lookupDirective('proxy_connect_timeout', ...levels)?.args[0]
  const answered = yield* httpRequest(request.thread, {
    url: `http://${target}${path}`, method: request.method, headers, body: request.body,
    connectTimeoutUs: (connect ? Number.parseInt(connect, 10) : 60) * 1_000_000,
  })
  if ('failure' in answered) {
    const timeout = answered.failure === 'timeout' || answered.errno === 'ETIMEDOUT'
    const why = answered.failure === 'resolve' ? `${target} could not be resolved` : `connect() failed (${answered.errno ? `111: ${strerror(answered.errno)}` : answered.message}) while connecting to upstream`
    request.thread.error(errorLog(request, timeout ? 'upstream timed out (110: Connection timed out) while connecting to upstream' : why))
    return errorPage(timeout ? 504 : 502)
  }
  const made: HttpResponse = { status: answered.status, reason: answered.reason, version: 'HTTP/1.1', headers: new HttpHeaders(), body: answered.body }
  for (const [name, value] of answered.headers.fields) {
    if (!['connection', 'transfer-encoding', 'content-length', 'server', 'date', 'keep-alive'].includes(name.toLowerCase())) made.headers.append(name, value)
  }
  return made
}

function expand(text: string, request: ServedRequest, host: string): string {
  return text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    switch (name) {
      case 'host': return host
      case 'http_host': return request.headers.get('Host') ?? ''
      case 'remote_addr': return formatIp(request.client.address)
      case 'remote_port': return String(request.client.port)
      case 'server_addr': return formatIp(request.local.address)
      case 'server_port': return String(request.local.port)
      case 'request_uri': return request.target
      case 'uri': case 'document_uri': return pathOf(request)
      case 'request_method': return request.method
      case 'scheme': return 'http'
      case 'hostname': return request.thread.context.hostname
      case 'args': case 'query_string': return request.target.split('?')[1] ?? ''
      case 'proxy_add_x_forwarded_for': {
        const before = request.headers.get('X-Forwarded-For')
        return before ? `${before}, ${formatIp(request.client.address)}` : formatIp(request.client.address)
      }
      default:
        return name.startsWith('http_') ? (request.headers.get(name.slice(5).replaceAll('_', '-')) ?? '') : whole
    }
  })
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function errorLog(request: ServedRequest, what: string): string {
  const proc = request.thread
  return `${stamp(proc)} [error] ${proc.localPid}#${proc.localPid}: *1 ${what}, client: ${formatIp(request.client.address)}, `
    + `server: localhost, request: "${request.method} ${request.target} ${request.version}", host: "${request.headers.get('Host') ?? ''}"\n`
}

/** `2026/01/01 00:00:12` */
function stamp(proc: Process): string {
  return proc.world.nowIso().replaceAll('-', '/').replace('T', ' ').replace('Z', '')
}
