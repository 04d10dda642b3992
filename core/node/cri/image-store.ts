/**
 * The images of one node: which are there, and how long a pull takes. Pulls cost virtual time by size and no packets.
 *
 * Omits: registries as machines, credentials, garbage collection, parallel layers; `serializeImagePulls` is as if false.
 */
import { chainHash } from '../cni/chain-hash.ts'
import type { Image } from './image.ts'
import { type ImageRef, parseImageRef } from './image-ref.ts'

/** What a reference leads to: an image, or containerd's answer why there is none. */
export type ImageSource = (ref: ImageRef) => Image | { error: string }

export interface StoredImage {
  ref: ImageRef
  image: Image
  id: string
}

/** 200 MB/s and a round trip to the registry. */
const PULL_LATENCY_US = 150_000
const PULL_BYTES_PER_US = 200

export class ImageStore {
  readonly #source: ImageSource
  readonly #images = new Map<string, StoredImage>()

  constructor(source: ImageSource) {
    this.#source = source
  }

  get(text: string): StoredImage | undefined {
    const ref = parseImageRef(text)
    return ref ? this.#images.get(ref.full) : undefined
  }

  list(): StoredImage[] {
    return [...this.#images.values()]
  }

  /** How long a pull takes that will end as `pull` says. */
  pullUs(text: string): number {
    const ref = parseImageRef(text)
    const found = ref && this.#source(ref)
    if (!found || 'error' in found) return PULL_LATENCY_US
    return PULL_LATENCY_US + Math.floor(found.sizeBytes / PULL_BYTES_PER_US)
  }

  /** The image is here from now on; a text is containerd's error. */
  pull(text: string): StoredImage | string {
    const ref = parseImageRef(text)
    if (!ref) return `couldn't parse image name "${text}": invalid reference format`
    const found = this.#source(ref)
    if ('error' in found) return found.error
    const stored = { ref, image: found, id: `sha256:${chainHash(ref.full)}${chainHash(ref.repository)}` }
    this.#images.set(ref.full, stored)
    return stored
  }

  remove(text: string): void {
    const ref = parseImageRef(text)
    if (ref) this.#images.delete(ref.full)
  }
}
