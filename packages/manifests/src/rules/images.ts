import type { Rule } from '../manifest.ts'
import { podTemplates } from '../pods.ts'

/** What runs today runs tomorrow: every image has a tag or a digest, and the tag is not `latest`. */
export const imagesArePinned: Rule = (manifests) =>
  podTemplates(manifests)
    .flatMap(({ containers }) => containers)
    .filter(({ image }) => !image.includes('@sha256:') && !/:(?!latest$)[^:/]+$/.test(image))
    .map(({ called, image }) => `${called}: the image ${image} has no fixed tag`)
