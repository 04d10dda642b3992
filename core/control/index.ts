/** The two processes of the control plane that watch and write objects: kube-controller-manager and kube-scheduler. */
import { Bug } from '../base/assert.ts'
import type { ApiServer } from '../api/server/api-server.ts'
import type { Controller } from '../api/client/run-controller.ts'
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'

export interface ControlDeps {
  server: ApiServer
  clock: Clock
  random: RandomStreams
  trace: Trace
}

/** All controllers of kube-controller-manager as one thing to start and stop. */
export function controllerManager(deps: ControlDeps): Controller { throw new Bug('not yet') }

export function scheduler(deps: ControlDeps): Controller { throw new Bug('not yet') }
