/**
 * Apache Tomcat on port 8080: the official image without web applications (404 for everything), and `kubeguide/tomcat-app` of
 * the book "Kubernetes: The Definitive Guide", whose /demo reads from a MySQL server that it finds through MYSQL_SERVICE_HOST.
 *
 * Omits: servlets, deployment of other applications, the manager.
 */
import { isErrno } from '../../base/errno.ts'
import type { HttpResponse } from '../../linux/libc/http-message.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { connectTcp, recvTcp } from '../../linux/libc/sockets.ts'
import type { ServedRequest } from '../../linux/libc/http-server.ts'
import type { Program } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { debianBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'
import { pathOf, response, runServer } from '../web-server.ts'

const HOME = '/usr/local/tomcat'

export function tomcatImage(app: 'empty' | 'guide'): Image {
  const version = app === 'guide' ? '8.0.35' : '10.1.44'
  return {
    sizeBytes: app === 'guide' ? 358_241_234 : 205_611_423,
    build: () => ({
      entrypoint: [],
      cmd: ['catalina.sh', 'run'],
      cwd: HOME,
      env: [['CATALINA_HOME', HOME], ['TOMCAT_VERSION', version], ['JAVA_HOME', '/opt/java/openjdk']],
      install(fs) {
        debianBase(fs, ['curl'])
        for (const dir of ['bin', 'conf', 'lib', 'logs', 'temp', 'webapps', 'webapps.dist', 'work']) fs.mkdir(`${HOME}/${dir}`, { parents: true })
        if (app === 'guide') for (const name of ['ROOT', 'demo', 'docs', 'examples']) fs.mkdir(`${HOME}/webapps/${name}`)
        installProgram(fs, `${HOME}/bin/catalina.sh`, catalina(app, version))
        fs.symlink(`${HOME}/bin/catalina.sh`, '/usr/local/bin/catalina.sh')
      },
    }),
  }
}

function catalina(app: 'empty' | 'guide', version: string): Program {
  return function* (proc) {
    const now = proc.world.nowIso().slice(11, 19)
    proc.print(`${now} INFO [main] org.apache.catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/${version}\n`)
    // A Java server is not there at once.
    yield* proc.work(700_000)
    proc.print(`${now} INFO [main] org.apache.coyote.AbstractProtocol.start Starting ProtocolHandler ["http-nio-8080"]\n`)
    proc.print(`${now} INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [612] milliseconds\n`)
    return yield* runServer(proc, 8080, (request) => answer(request, app, version))
  }
}

function answer(request: ServedRequest, app: 'empty' | 'guide', version: string): HttpResponse | Generator<Wait, HttpResponse, unknown> {
  const path = pathOf(request)
  if (app === 'guide' && (path === '/demo' || path.startsWith('/demo/'))) return demo(request)
  if (app === 'guide' && (path === '/' || path === '/index.jsp')) return response(200, landing(version), 'text/html;charset=UTF-8')
  return response(404, notFound(path, version), 'text/html;charset=utf-8', [['Content-Language', 'en']])
}

function notFound(path: string, version: string): string {
  const text = path === '/' ? 'The origin server did not find a current representation for the target resource or is not willing to disclose that one exists.'
    : `The requested resource [${path}] is not available`
  return '<!doctype html><html lang="en"><head><title>HTTP Status 404 – Not Found</title></head><body><h1>HTTP Status 404 – Not Found</h1>'
    + `<hr class="line" /><p><b>Type</b> Status Report</p><p><b>Description</b> ${text}</p><hr class="line" /><h3>Apache Tomcat/${version}</h3></body></html>`
}

function landing(version: string): string {
  return `<!DOCTYPE html>
<html lang="en">
    <head>
        <meta charset="UTF-8" />
        <title>Apache Tomcat/${version}</title>
    </head>
    <body>
        <h1>Apache Tomcat/${version}</h1>
        <h2>If you're seeing this, you've successfully installed Tomcat. Congratulations!</h2>
    </body>
</html>
`
}

function* demo(request: ServedRequest): Generator<Wait, HttpResponse, unknown> {
  const proc = request.thread
  const host = proc.env.get('MYSQL_SERVICE_HOST') ?? ''
  const port = Number(proc.env.get('MYSQL_SERVICE_PORT') ?? 3306)
  const page = (status: number, body: string): HttpResponse =>
    response(status, `<!DOCTYPE html>\n<html>\n<head><title>HPE University Docker&Kubernetes Learning</title></head>\n<body>\n<h2>${body}\n</body>\n</html>\n`, 'text/html;charset=utf-8')
  if (host === '') return page(500, 'Error:MYSQL_SERVICE_HOST is not set</h2>')
  const found = yield* resolveHost(proc, host)
  if (typeof found === 'string') return page(500, `Error:com.mysql.jdbc.exceptions.jdbc4.CommunicationsException: UnknownHostException: ${host}</h2>`)
  const socket = yield* connectTcp(proc, found.addresses[0], port, { timeoutUs: 5_000_000 })
  if (isErrno(socket)) return page(500, 'Error:com.mysql.jdbc.exceptions.jdbc4.CommunicationsException: Communications link failure</h2>')
  const greeting = yield* recvTcp(proc, socket, 2_000_000)
  socket.close()
  if (!(greeting instanceof Uint8Array) || greeting[4] !== 10) return page(500, 'Error:com.mysql.jdbc.exceptions.jdbc4.CommunicationsException: Communications link failure</h2>')
  const rows = [['google', '100'], ['docker', '100'], ['teacher', '100'], ['HPE', '100'], ['our team', '100'], ['me', '100']]
  const table = rows.map(([name, level]) => `<tr><td>${name}</td><td>${level}</td></tr>`).join('\n')
  return page(200, `Congratulations!!</h2>\n<table border="1">\n<tr><th>Name</th><th>Level(Score)</th></tr>\n${table}\n</table>`)
}
