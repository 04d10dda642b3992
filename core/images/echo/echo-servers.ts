/**
 * The small servers that tutorials deploy to see who answers: http-echo, echo-server (three of them), hello-app, whoami,
 * hello-kubernetes, kubernetes-bootcamp, podinfo. Each answers in its own words.
 */
import { formatIp, isLoopback } from '../../net/addr/ip.ts'
import { bodyText, type HttpResponse } from '../../linux/libc/http-message.ts'
import type { ServedRequest } from '../../linux/libc/http-server.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { alpineBase, installProgram } from '../base-image.ts'
import type { ContainerSpec, Image } from '../image.ts'
import { hostPort, pathOf, queryOf, response, runServer } from '../web-server.ts'

const TEXT = 'text/plain; charset=utf-8'

interface EchoServer {
  program: (proc: Process, argv: readonly string[], container: ContainerSpec) => { port: number; answer: (request: ServedRequest) => HttpResponse; started?: string } | number
  entrypoint: string
  shell?: boolean
  sizeBytes: number
}

function imageOf(server: EchoServer): Image {
  return {
    sizeBytes: server.sizeBytes,
    build: (container) => ({
      entrypoint: [server.entrypoint],
      install(fs) {
        if (server.shell) alpineBase(fs)
        const program: Program = function* (proc, argv) {
          const made = server.program(proc, argv, container)
          if (typeof made === 'number') return made
          if (made.started) proc.print(made.started)
          return yield* runServer(proc, made.port, made.answer)
        }
        installProgram(fs, server.entrypoint, program)
      },
    }),
  }
}

/** `-name=value`, `--name value` */
function flag(argv: readonly string[], name: string): string | undefined {
  for (const [i, word] of argv.entries()) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(word)
    if (match?.[1] === name) return match[2] ?? argv[i + 1] ?? ''
  }
  return undefined
}

function requestHeaders(request: ServedRequest): string {
  return request.headers.fields.map(([name, value]) => `${name}: ${value}\n`).join('')
}

/** hashicorp/http-echo */
export const httpEcho = imageOf({
  entrypoint: '/http-echo',
  sizeBytes: 3_013_872,
  program(proc, argv) {
    const text = flag(argv, 'text') ?? proc.env.get('ECHO_TEXT')
    const port = Number(/:(\d+)$/.exec(flag(argv, 'listen') ?? ':5678')?.[1] ?? 5678)
    const status = Number(flag(argv, 'status-code') ?? 200)
    if (text === undefined) {
      proc.error('Missing -text option!\n')
      return 127
    }
    return {
      port,
      started: `${stamp(proc)} [INFO] server is listening on :${port}\n`,
      answer(request) {
        const body = pathOf(request) === '/health' ? '{"status":"ok"}\n' : `${text}\n`
        proc.print(`${stamp(proc)} ${request.headers.get('Host') ?? ''} ${hostPort(request.client.address, request.client.port)} "${request.method} ${request.target} ${request.version}" ${status} ${body.length} "${request.headers.get('User-Agent') ?? ''}" 20.1µs\n`)
        return response(status, body, TEXT, [['X-App-Name', 'http-echo'], ['X-App-Version', '1.0.0']])
      },
    }
  },
})

/** jmalloc/echo-server */
export const jmallocEcho = imageOf({
  entrypoint: '/bin/echo-server',
  sizeBytes: 7_340_032,
  shell: true,
  program(proc) {
    const port = Number(proc.env.get('PORT') ?? 8080)
    return {
      port,
      started: `Echo server listening on port ${port}.\n`,
      answer(request) {
        proc.print(`${hostPort(request.client.address, request.client.port)} | ${request.method} ${request.target}\n`)
        const body = request.body.length > 0 ? `\n${bodyText(request)}` : ''
        return response(200, `Request served by ${proc.context.hostname}\n\n${request.method} ${request.target} ${request.version}\n\n${hostLine(request)}${requestHeaders(request)}${body}`, 'text/plain')
      },
    }
  },
})

function hostLine(request: ServedRequest): string {
  return request.headers.has('Host') ? '' : `Host: ${hostPort(request.local.address, request.local.port)}\n`
}

/** ealen/echo-server */
export const ealenEcho = imageOf({
  entrypoint: '/bin/echo-server',
  sizeBytes: 46_137_344,
  shell: true,
  program(proc) {
    const port = Number(proc.env.get('PORT') ?? 80)
    return {
      port,
      started: `Listening on port ${port}.\n`,
      answer(request) {
        const query = queryOf(request)
        const status = Number(query.get('echo_code') ?? 200)
        const own = query.get('echo_body')
        const headers: Record<string, string> = {}
        for (const [name, value] of request.headers.fields) headers[name.toLowerCase()] = value
        const text = JSON.stringify({
          host: { hostname: (request.headers.get('Host') ?? '').replace(/:\d+$/, ''), ip: `::ffff:${formatIp(request.client.address)}`, ips: [] },
          http: { method: request.method, baseUrl: '', originalUrl: request.target, protocol: 'http' },
          request: { params: { 0: pathOf(request) }, query: Object.fromEntries(query), cookies: {}, body: {}, headers },
          environment: Object.fromEntries(proc.env),
        })
        proc.print(`${JSON.stringify({ name: 'echo-server', hostname: proc.context.hostname, pid: proc.localPid, level: 30, msg: `${request.method} ${request.target}`, time: proc.world.nowIso() })}\n`)
        return response(Number.isInteger(status) && status >= 200 && status <= 599 ? status : 200, own ? JSON.stringify(own) : text, 'application/json; charset=utf-8')
      },
    }
  },
})

/** mendhak/http-https-echo */
export const mendhakEcho = imageOf({
  entrypoint: '/app/index.js',
  sizeBytes: 55_574_528,
  shell: true,
  program(proc) {
    const port = Number(proc.env.get('HTTP_PORT') ?? 8080)
    return {
      port,
      started: `Listening on ports ${port} for http, and 8443 for https.\n`,
      answer(request) {
        const headers = Object.fromEntries(request.headers.fields.map(([name, value]) => [name.toLowerCase(), value]))
        return response(200, `${JSON.stringify({
          path: pathOf(request), headers, method: request.method, body: bodyText(request), fresh: false,
          hostname: (request.headers.get('Host') ?? '').replace(/:\d+$/, ''), ip: `::ffff:${formatIp(request.client.address)}`, ips: [],
          protocol: 'http', query: Object.fromEntries(queryOf(request)), subdomains: [], xhr: false, os: { hostname: proc.context.hostname }, connection: {},
        }, null, 2)}`, 'application/json; charset=utf-8')
      },
    }
  },
})

/** registry.k8s.io/echoserver */
export const echoserver = imageOf({
  entrypoint: '/usr/local/bin/run.sh',
  sizeBytes: 46_237_184,
  shell: true,
  program(proc) {
    return {
      port: 8080,
      answer(request) {
        const env = (name: string): string => proc.env.get(name) ?? '-'
        const pod = proc.env.has('POD_NAME')
          ? `\n\tnode name:\t${env('NODE_NAME')}\n\tpod name:\t${env('POD_NAME')}\n\tpod namespace:\t${env('POD_NAMESPACE')}\n\tpod IP:\t${env('POD_IP')}\n`
          : '\n\t-no pod information available-\n'
        const headers = request.headers.fields.map(([name, value]) => `\t${name.toLowerCase()}=${value}\n`).join('')
        const body = request.body.length > 0 ? bodyText(request) : '\t-no body in request-'
        return response(200, `\n\nHostname: ${proc.context.hostname}\n\nPod Information:${pod}\nServer values:\n\tserver_version=nginx: 1.14.2 - lua: 10015\n\nRequest Information:\n`
          + `\tclient_address=${formatIp(request.client.address)}\n\tmethod=${request.method}\n\treal path=${request.target}\n\tquery=${request.target.split('?')[1] ?? ''}\n`
          + `\trequest_version=1.1\n\trequest_scheme=http\n\trequest_uri=http://${request.headers.get('Host') ?? ''}:8080${request.target}\n\nRequest Headers:\n${headers}\nRequest Body:\n${body}\n\n`, 'text/plain')
      },
    }
  },
})

/** gcr.io/google-samples/hello-app:1.0 and 2.0 */
export const helloApp = imageOf({
  entrypoint: '/hello-app',
  sizeBytes: 13_742_223,
  program(proc, _argv, container) {
    const tag = /:(\d+)\.(\d+)/.exec(container.image)
    const version = tag ? `${tag[1]}.${tag[2]}.0` : '1.0.0'
    const port = Number(proc.env.get('PORT') ?? 8080)
    return {
      port,
      started: `${stamp(proc)} Server listening on port ${port}\n`,
      answer(request) {
        proc.print(`${stamp(proc)} Serving request: ${pathOf(request)}\n`)
        return response(200, `Hello, world!\nVersion: ${version}\nHostname: ${proc.context.hostname}\n`, TEXT)
      },
    }
  },
})

/** gcr.io/google-samples/node-hello:1.0 */
export const nodeHello = imageOf({
  entrypoint: '/server.js',
  sizeBytes: 264_241_152,
  shell: true,
  program: (proc) => ({
    port: 8080,
    answer(request) {
      proc.print(`Received request for URL: ${request.target}\n`)
      return response(200, 'Hello Kubernetes!', 'text/plain')
    },
  }),
})

/** gcr.io/google-samples/kubernetes-bootcamp */
export const bootcamp = imageOf({
  entrypoint: '/server.js',
  sizeBytes: 83_886_080,
  shell: true,
  program(proc, _argv, container) {
    const version = /:v(\d+)/.exec(container.image)?.[1] ?? '1'
    let requests = 0
    return {
      port: 8080,
      started: `Kubernetes Bootcamp App Started At: ${proc.world.nowIso()} | Running On:  ${proc.context.hostname}\n`,
      answer() {
        requests += 1
        proc.print(`Running On: ${proc.context.hostname} | Total Requests: ${requests} | Log Time: ${proc.world.nowIso()}\n`)
        return response(200, `Hello Kubernetes bootcamp! | Running on: ${proc.context.hostname} | v=${version}\n`, 'text/plain')
      },
    }
  },
})

/** traefik/whoami, containous/whoami */
export const whoami = imageOf({
  entrypoint: '/whoami',
  sizeBytes: 2_834_432,
  program(proc, argv) {
    const port = Number(flag(argv, 'port') ?? proc.env.get('WHOAMI_PORT_NUMBER') ?? 80)
    const name = flag(argv, 'name') ?? proc.env.get('WHOAMI_NAME') ?? ''
    return {
      port,
      started: `${stamp(proc)} Starting up on port ${port}\n`,
      answer(request) {
        if (pathOf(request) === '/health') return response(200, '', TEXT)
        const ips = proc.netns.links().flatMap((l) => l.addresses.map((a) => a.ip)).sort((a, b) => Number(!isLoopback(a)) - Number(!isLoopback(b)))
        const head = `${name === '' ? '' : `Name: ${name}\n`}Hostname: ${proc.context.hostname}\n${ips.map((ip) => `IP: ${formatIp(ip)}\n`).join('')}`
          + `RemoteAddr: ${hostPort(request.client.address, request.client.port)}\n`
        if (pathOf(request) === '/api') {
          return response(200, JSON.stringify({ hostname: proc.context.hostname, ip: ips.map(formatIp), headers: Object.fromEntries(request.headers.fields.map(([k, v]) => [k, [v]])), url: request.target, host: request.headers.get('Host') ?? '', method: request.method, remoteAddr: hostPort(request.client.address, request.client.port) }), 'application/json')
        }
        return response(200, `${head}${request.method} ${request.target} ${request.version}\n${requestHeaders(request)}\n`, TEXT)
      },
    }
  },
})

/** paulbouwer/hello-kubernetes, nginxdemos/hello */
export function helloPage(port: number): Image {
  return imageOf({
    entrypoint: '/hello',
    sizeBytes: 25_165_824,
    shell: true,
    program: (proc) => ({
      port,
      answer(request) {
        const message = proc.env.get('MESSAGE') ?? 'Hello world!'
        if (pathOf(request) === '/plain-text' || port === 80 && request.headers.get('User-Agent')?.startsWith('curl')) {
          return response(200, `Server address: ${hostPort(request.local.address, request.local.port)}\nServer name: ${proc.context.hostname}\nDate: ${proc.world.nowIso()}\nURI: ${request.target}\nRequest ID: ${proc.world.random.stream('hello/request').hex(32)}\n`, 'text/plain')
        }
        return response(200, `<!DOCTYPE html>\n<html>\n<head><title>Hello Kubernetes!</title></head>\n<body>\n<h1>${message}</h1>\n<table>\n<tr><th>pod:</th><td>${proc.context.hostname}</td></tr>\n</table>\n</body>\n</html>\n`, 'text/html; charset=utf-8')
      },
    }),
  })
}

/** stefanprodan/podinfo */
export const podinfo = imageOf({
  entrypoint: '/home/app/podinfo',
  sizeBytes: 33_554_432,
  shell: true,
  program(proc, argv) {
    const port = Number(flag(argv, 'port') ?? 9898)
    return {
      port,
      answer(request) {
        const path = pathOf(request)
        if (path === '/healthz' || path === '/readyz') return response(200, '{\n  "status": "OK"\n}', 'application/json; charset=utf-8')
        return response(200, JSON.stringify({ hostname: proc.context.hostname, version: '6.9.2', revision: '', color: '#34577c', logo: '', message: proc.env.get('PODINFO_UI_MESSAGE') ?? 'greetings from podinfo v6.9.2', goos: 'linux', goarch: 'amd64', runtime: 'go1.24', num_goroutine: '8', num_cpu: '4' }, null, 2), 'application/json; charset=utf-8')
      },
    }
  },
})

/** Go's log package: `2026/01/01 00:00:12` */
function stamp(proc: Process): string {
  return proc.world.nowIso().replaceAll('-', '/').replace('T', ' ').replace('Z', '')
}
