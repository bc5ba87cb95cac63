export {
  DOCKER_CONFIG,
  DOCKER_FOREIGN_LAYER_GZIP,
  DOCKER_FOREIGN_LAYER_TAR,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_TAR,
  DOCKER_LAYER_ZSTD,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  IN_TOTO,
  isAttestationType,
  isConfigType,
  isDockerType,
  isEncryptedLayerType,
  isForeignLayerType,
  isIndexType,
  isLayerType,
  isManifestType,
  isSchema1Type,
  layerCompression,
  MANIFEST_MEDIA_TYPES,
  normalizeMediaType,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_FOREIGN_LAYER_GZIP,
  OCI_FOREIGN_LAYER_TAR,
  OCI_FOREIGN_LAYER_ZSTD,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
} from './media-types.ts'
export type { LayerCompression } from './media-types.ts'
export { dockerTypeOf, layerTypeWith, ociTypeOf } from './layer-types.ts'
export { checkDescriptor, isForeignLayer } from './descriptor.ts'
export { blobsOf, childrenOf, parseManifest } from './manifest.ts'
export { refuseLookalikeKeys } from './manifest-type.ts'
export type { ImageIndex, ImageManifest, Manifest, ManifestFormat, ParseManifestOptions } from './manifest.ts'
export { parseAnyManifest } from './any-manifest.ts'
export type { AnyManifest } from './any-manifest.ts'
export type { Schema1Layer, Schema1Manifest } from './schema1.ts'
export { layersWithFiles, schema1Layers } from './schema1-layers.ts'
export { convertImage, needsConfig, needsDiffIds } from './convert/convert-image.ts'
export type { ConvertedImage, ConvertImageOptions, NewBlob } from './convert/conversion.ts'
export type { LayerEdit } from './convert/layer-edits.ts'
export { EMPTY_LAYER, EMPTY_LAYER_DIGEST } from './convert/to-schema1.ts'
export { convertIndex, ZSTD_INSTANCE } from './convert/convert-index.ts'
export type { ConvertedIndex, ConvertIndexOptions } from './convert/convert-index.ts'
export { conversionCandidates } from './convert/conversion-candidates.ts'
export type { ConversionCandidatesOptions } from './convert/conversion-candidates.ts'
export { parseImageConfig } from './image-config.ts'
export type { HistoryEntry, ImageConfig, RunConfig } from './image-config.ts'
export { chooseInstance, MAX_INDEX_DEPTH, nestedTooDeep, ofImage, readDocument } from './document.ts'
export type { ChooseInstanceOptions, ImageDocument, ReadDocumentOptions } from './document.ts'
export { imageOf, loadImage } from './image.ts'
export type { Image } from './image.ts'
export { inspectManifest, inspectSchema1 } from './inspection.ts'
export type { ImageInspection, ImageStep } from './inspection.ts'
export { formatPlatform, normalizePlatform, parsePlatform } from './platform.ts'
export { parsePlatformPattern, platformMatches } from './platform-pattern.ts'
export type { PlatformPattern } from './platform-pattern.ts'
export { isAttestation, selectInstance, selectInstances } from './select-instance.ts'
export type { SelectInstanceOptions } from './select-instance.ts'
export { hostPlatform } from './node-runtime.ts'
export { buildIndex, ORIGINAL_INDEX, rewriteIndex } from './index-rewrite.ts'
export type { BuildIndexOptions } from './index-rewrite.ts'
export { referrersTag } from './referrers-tag.ts'
export { isObject, member, parseJsonDocument, parseJsonToRewrite, typeName } from './json.ts'
export type { JsonDocumentOptions } from './json.ts'

// Walking
export { handlers, SKIP, STOP } from './walk/handler.ts'
export type { Answer, Handler, HandlerOptions } from './walk/handler.ts'
export { walk } from './walk/walk.ts'
export type { WalkOptions } from './walk/walk.ts'
export { dispatch } from './walk/dispatch.ts'
export type { DispatchOptions, TaskLimiter } from './walk/dispatch.ts'
export { childrenHandler, documentReader, indexesOnly, isDocument, neededBy } from './walk/documents.ts'
export type { DocumentReader, DocumentReaderOptions, ManifestReader } from './walk/documents.ts'
export { filterPlatforms, onePlatform } from './walk/filter-platforms.ts'
export { checkImage } from './walk/check-image.ts'
export type { CheckImageOptions, ImageCheck } from './walk/check-image.ts'
export { completeImage } from './walk/complete-image.ts'
export type { CompleteImageOptions } from './walk/complete-image.ts'
export { imageSize } from './walk/image-size.ts'
export type { ImageSizeOptions } from './walk/image-size.ts'

// Image layouts
export { cutLayoutName, formatLayoutLocation, parseLayoutLocation } from './layout/layout-location.ts'
export type { LayoutGrammar, LayoutLocation, LayoutSelection } from './layout/layout-location.ts'
export {
  descriptorNamed,
  emptyLayoutIndex,
  entryDescriptor,
  layoutEntry,
  parseLayoutIndex,
  putLayoutEntry,
  selectLayoutEntry,
  serializeLayoutIndex,
  usableDescriptors,
  withLayoutEntries,
} from './layout/layout-index.ts'
export type { LayoutEntry, LayoutIndex, ParseLayoutIndexOptions } from './layout/layout-index.ts'
export { checkLayoutMarker, LAYOUT_MARKER, MAX_LAYOUT_MARKER_BYTES } from './layout/layout-marker.ts'
export {
  findReferrers,
  formatReferrers,
  listedReferrers,
  referrerOf,
  referrersBeside,
} from './layout/layout-referrers.ts'
export type { Referrer } from './layout/layout-referrers.ts'
export { findSignatures } from './layout/layout-signatures.ts'
export type { LayoutContent } from './layout/layout-signatures.ts'
export { addReferrer } from './layout/add-referrer.ts'
export type { AddReferrerOptions } from './layout/add-referrer.ts'
export { addSignatures } from './layout/add-signatures.ts'
export { nameAttached } from './layout/name-attached.ts'
export type { AddSignaturesOptions } from './layout/add-signatures.ts'
export type { LayoutStaging } from './layout/layout-staging.ts'
export { manifestsBelow, withoutOrphans } from './layout/orphans.ts'
export { attachedNames, isAttachedName } from './layout/attached-names.ts'
export { createManifestFinder } from './layout/manifest-finder.ts'
export type { ManifestFinder, ManifestFinderOptions } from './layout/manifest-finder.ts'

// Signatures
export { ATTACHMENT_KINDS, attachmentTag, isAttachmentTag, isListTag } from './signatures/attachment-tag.ts'
export type { AttachmentKind } from './signatures/attachment-tag.ts'
export {
  addAttachments,
  COSIGN_SIGNATURE,
  mergeAttachments,
  parseAttachments,
  readAttachments,
} from './signatures/attachments.ts'
export type { AttachmentsUpdate, BlobContent, PresentAttachments } from './signatures/attachments.ts'
export { distinctSignatures, newSignatures } from './signatures/distinct-signatures.ts'
export { MAX_SIGNATURE_BYTES, MAX_SIGNATURES } from './signatures/limits.ts'
export type { SignatureBlobReader } from './signatures/read-layers.ts'
export {
  bundleArtifact,
  isBundleType,
  isSignatureArtifactType,
  readSignatureArtifact,
  SIMPLE_SIGNATURES,
  simpleArtifact,
} from './signatures/signature-artifact.ts'
export type { SignatureArtifact } from './signatures/signature-artifact.ts'
export { signatureDocuments } from './signatures/signature-documents.ts'
export type { SignatureDocuments } from './signatures/signature-documents.ts'
export { decodeSignature, encodeSignature } from './signatures/signature-file.ts'

// App Container Images
export { aciIdentifierProblem, checkAciIdentifier, checkAciName, toAciIdentifier, toAciName } from './aci/identifier.ts'
export { formatAciImageId, parseAciImageId } from './aci/image-id.ts'
export { aciPlatformOf, platformOfAci } from './aci/platform.ts'
export type { AciPlatform } from './aci/platform.ts'
export { MAX_ACI_MANIFEST_BYTES, parseAciManifest } from './aci/manifest.ts'
export type { AciDependency, AciManifest } from './aci/manifest.ts'
export type { AciApp, AciEventHandler, AciMountPoint, AciPort } from './aci/app.ts'
export type { AciIsolator } from './aci/isolators.ts'
export { valueOf } from './aci/named-values.ts'
export type { AciNamedValue } from './aci/named-values.ts'
export { formatAciManifest } from './aci/format-manifest.ts'
export { formatAppName, parseAppName } from './aci/app-name.ts'
export type { AppLabels, AppName } from './aci/app-name.ts'
export { formatCimd } from './aci/cimd.ts'
export { labelChoices } from './aci/label-choices.ts'
export { ACI_ID_ANNOTATION, ACI_MANIFEST_ANNOTATION } from './aci/oci-names.ts'
export { ACI_ARTIFACT, aciArtifact, aciPartsOf } from './aci/artifact.ts'
export type { AciArtifact, AciArtifactParts } from './aci/artifact.ts'
export { parseLayerOrigin } from './aci/layer-origin.ts'
export type { AciLayerOrigin } from './aci/layer-origin.ts'
export { imageOfAci } from './aci/to-image.ts'
export type { AciLayerFacts, ImageOfAci, ImageOfAciOptions } from './aci/to-image.ts'
export { aciOfImage } from './aci/from-image.ts'
export type { AciOfImage, AciOfImageOptions } from './aci/from-image.ts'
export type { OwnerOf, ToOciOptions } from './aci/to-oci-config.ts'
