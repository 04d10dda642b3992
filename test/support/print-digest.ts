/** Runs a small session and prints its digest; run under several locales and time zones by a test. */
import { plainScenario } from '../../core/session/scenario.ts'
import { Simulation } from '../../core/session/simulation.ts'

const simulation = Simulation.open(plainScenario({ seed: 4 }), { keepEvents: false })
const line = 'kubectl create deployment I --image=nginx; kubectl create deployment web --image=nginx --replicas=2; sleep 8; kubectl get pods,nodes -o wide; date; ls -l / | sort'
simulation.submit({ kind: 'exec', exec: 'x', machine: 'workstation', line })
simulation.advance(simulation.nowUs + 20_000_000)
console.log(simulation.trace.digest())
