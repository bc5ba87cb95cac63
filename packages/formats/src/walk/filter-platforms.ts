import type { Descriptor, Platform } from '@crossdock/core'
import { isIndexType } from '../media-types.ts'
import { type PlatformPattern, platformMatches } from '../platform-pattern.ts'
import { selectInstance } from '../select-instance.ts'
import type { Answer, Handler } from './handler.ts'

/** Leaves out what is for platforms that match none of the patterns. What says no platform stays. */
export function filterPlatforms(handler: Handler, patterns: readonly PlatformPattern[]): Handler {
  const isWanted = ({ platform }: Descriptor): boolean =>
    platform === undefined || patterns.some((pattern) => platformMatches(pattern, platform))
  return async (descriptor, options) => map(await handler(descriptor, options), (below) => below.filter(isWanted))
}

/** Of an index only the instance that `selectInstance` takes for the platform. Throws what that throws. */
export function onePlatform(handler: Handler, platform: Platform): Handler {
  return async (descriptor, options) => {
    const answer = await handler(descriptor, options)
    if (!isIndexType(descriptor.mediaType)) return answer
    return map(answer, (manifests) => [selectInstance({ manifests }, platform)])
  }
}

function map(answer: Answer, change: (below: readonly Descriptor[]) => readonly Descriptor[]): Answer {
  return typeof answer === 'symbol' ? answer : change(answer)
}
