// For callers
export { hideUserInfo, ImageError, quoteForeign } from './errors.ts'
export type { ImageErrorCode, ImageErrorOptions, Side } from './errors.ts'
export { createTransportRegistry } from './registry.ts'
export type { TransportRegistry } from './registry.ts'
export { imageName } from './reference.ts'
export type { ImageReference, PolicyIdentity } from './reference.ts'
export { unparsedImage } from './unparsed-image.ts'
export type { UnparsedImage } from './unparsed-image.ts'
export type {
  BlobBytesEvent,
  BlobDoneEvent,
  BlobMountedEvent,
  BlobReusedEvent,
  BlobStartEvent,
  DoneEvent,
  ManifestEvent,
  NoteEvent,
  PlanEvent,
  ProgressEvent,
  RetryEvent,
  SignaturesEvent,
} from './progress.ts'
export { digestAlgorithm, digestEncoded, isDigest, parseDigest, shortDigest } from './digest.ts'
export type { Digest, DigestAlgorithm } from './digest.ts'
export { createHasher, digestOf } from './node-crypto.ts'
export type { Hasher } from './node-crypto.ts'
export { manifestDigest } from './manifest-digest.ts'
export { schema1Payload } from './schema1-payload.ts'
export {
  familiarDockerReference,
  formatDockerReference,
  isTag,
  parseDockerReference,
  repositoryName,
} from './docker-reference.ts'
export type { DockerReference } from './docker-reference.ts'
export { dockerPolicyIdentity, dockerScopeProblem } from './docker-policy.ts'
export type { Descriptor, Platform } from './descriptor.ts'
export { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, MAX_NAME_CHARACTERS } from './limits.ts'

// For authors of transports
export { CONTRACT, assertTransport } from './transport.ts'
export type { ImageTransport } from './transport.ts'
export { checkManifest } from './check-manifest.ts'
export type { CheckManifestOptions } from './check-manifest.ts'
export { report } from './operation.ts'
export type { OperationOptions } from './operation.ts'
export { bytesBody } from './blob.ts'
export type { BlobBody, BlobReader } from './blob.ts'
export type { GetBlobOptions, ImageSource, ManifestBytes, Referrer, SourceTraits } from './source.ts'
export type { BlobHint, DestinationTraits, ImageDestination, PutManifestOptions, ReusedBlob } from './destination.ts'
export type { Signature, SignatureFormat, SigstoreSignature, SimpleSignature } from './signature.ts'
export type { ImageSigner, SignatureStorage } from './signing.ts'
export type { OptionsResult, OptionsSchema, TransportPlugin } from './plugin.ts'
export {
  booleanOption,
  choiceOption,
  countOption,
  defineOptions,
  methodsOption,
  objectOption,
  optionCheck,
  optionMap,
  optionTable,
  orFunction,
  positiveOption,
  textOption,
  textsOption,
} from './options-schema.ts'
export type { OptionCheck, OptionIssue, OptionsDefinition } from './options-schema.ts'
