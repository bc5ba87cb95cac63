import { rootDescriptor, testArtifact, testImage, withReferrers, type TestImage } from '@crossdock/transport-testkit'

/** An image, and an artifact that refers to it. */
export function imageWithReferrer(seed: string): TestImage {
  const image = testImage({ seed })
  return withReferrers(image, [testArtifact({ subject: rootDescriptor(image), seed })])
}
