import { readdir } from 'node:fs/promises'
import { expect } from 'vitest'
import type { Crossdock } from './crossdock.ts'
import { type ExpectedRefusal, problemsOf } from './refusal.ts'

/** An image as `crossdock fetch --json` tells it. */
export interface FetchedImage {
  readonly name: string
  readonly digest: string
  readonly mediaType: string
  readonly isFetched: boolean
  readonly imageId?: string
  readonly dependencies: readonly string[]
}

/** Fetches images, and throws unless that ends with 0. */
export async function fetched(crossdock: Crossdock, args: readonly string[]): Promise<readonly FetchedImage[]> {
  const { stdout } = await crossdock.done(['fetch', '--quiet', '--json', ...args])
  return JSON.parse(stdout.toString()) as FetchedImage[] // as `fetch` prints it
}

/** Names of images in the store; those by which a registry's fallback finds referrers are left out. */
export async function storedNames(crossdock: Crossdock): Promise<readonly string[]> {
  const { stdout } = await crossdock.done(['store', 'ls', '--json'])
  const images = JSON.parse(stdout.toString()) as { readonly Name: string }[] // as `store ls` prints it
  return images.map(({ Name }) => Name).filter((name) => !/^sha256-[0-9a-f]{64}$/.test(name))
}

/** Fetches, and expects that it is refused in one clear line with nothing left in the folder for temporary files. */
export async function expectRefused(
  crossdock: Crossdock,
  args: readonly string[],
  expected: ExpectedRefusal,
): Promise<void> {
  const finished = await crossdock.run(['fetch', '--quiet', '--retry-times', '0', ...args])
  expect(problemsOf(finished, expected)).toEqual([])
  expect(await readdir(crossdock.temporary)).toEqual([])
}
