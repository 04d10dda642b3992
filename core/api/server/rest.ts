import { StatusError } from '../meta/status.ts'
import type { WatchEvent } from '../types/index.ts'
import type { ApiServer } from './api-server.ts'
import type { ApiRequest, ApiResponse } from './call.ts'
export function handleRequest(server: ApiServer, request: ApiRequest): ApiResponse { throw StatusError.unknownPath() }
export function handleWatchRequest(server: ApiServer, request: ApiRequest, onEvent: (event: WatchEvent) => void): (() => void) | ApiResponse { throw StatusError.unknownPath() }
