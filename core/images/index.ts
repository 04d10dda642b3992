/** Which image a reference names. Order matters: the first that matches is taken; the generic one matches everything. */
import { Bug } from '../base/assert.ts'
import type { Image } from './image.ts'

export function resolveImage(ref: string): Image {
  throw new Bug(`not yet: ${ref}`)
}
