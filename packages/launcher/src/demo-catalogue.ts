/** What POST /v1/products takes. */
export interface DemoProduct {
  readonly title: string
  readonly description: string
  readonly category: string
  readonly variants: readonly DemoVariant[]
}

export interface DemoVariant {
  readonly sku: string
  readonly title: string
  readonly attributes: Readonly<Record<string, string>>
  readonly price: { readonly amountMinor: number; readonly currency: 'EUR' }
}

export const demoLocations = [
  { id: 'berlin', name: 'Berlin', priority: 10 },
  { id: 'rotterdam', name: 'Rotterdam', priority: 20 },
] as const

/** A way to have an item: a code for the SKU, what it is called, and what it costs more than the first. */
interface Choice {
  readonly code: string
  readonly title: string
  readonly attributes: Readonly<Record<string, string>>
  readonly extraMinor: number
}

interface Series {
  readonly code: string
  readonly name: string
  readonly character: string
  /** Price of its items in percent of the item's base price. */
  readonly pricePercent: number
}

interface Item {
  readonly code: string
  readonly name: string
  readonly description: string
  readonly priceMinor: number
  readonly choices: readonly Choice[]
}

interface Category {
  readonly slug: string
  readonly code: string
  readonly series: readonly Series[]
  readonly items: readonly Item[]
}

const choices = (name: string, ...values: readonly (readonly [code: string, title: string, extraMinor: number])[]) =>
  values.map(([code, title, extraMinor]) => ({ code, title, extraMinor, attributes: { [name]: title } }))

const series = (code: string, name: string, pricePercent: number, character: string): Series => ({
  code,
  name,
  pricePercent,
  character,
})

const item = (
  code: string,
  name: string,
  priceMinor: number,
  description: string,
  itemChoices: readonly Choice[],
): Item => ({ code, name, priceMinor, description, choices: itemChoices })

const oneSize = choices('size', ['STD', 'Standard', 0])
const bagWeights = choices('weight', ['250', '250 g', 0], ['500', '500 g', 790], ['1K', '1 kg', 2090])
const teaWeights = choices('weight', ['100', '100 g', 0], ['250', '250 g', 980])
const panSizes = choices('diameter', ['24', '24 cm', 0], ['28', '28 cm', 1200])
const bowlSizes = choices('volume', ['1L', '1 l', 0], ['2L', '2 l', 700], ['4L', '4 l', 1500])
const garmentSizes = choices('size', ['S', 'S', 0], ['M', 'M', 0], ['L', 'L', 0])
const shoeSizes = choices('size', ['39', '39', 0], ['42', '42', 0], ['45', '45', 0])
const bottleSizes = choices('volume', ['250', '250 ml', 0], ['500', '500 ml', 850])
const bedSizes = choices('size', ['140', '140 × 200 cm', 0], ['200', '200 × 200 cm', 2500])
const towelSizes = choices('size', ['50', '50 × 100 cm', 0], ['70', '70 × 140 cm', 1200])
const rulings = choices('ruling', ['PLN', 'plain', 0], ['LIN', 'lined', 0], ['DOT', 'dotted', 0])
const deskColours = choices('colour', ['OAK', 'oak', 0], ['BLK', 'black', 0])
const inkColours = choices('colour', ['BLU', 'blue', 0], ['BLK', 'black', 0])
const packVolumes = choices('volume', ['20', '20 l', 0], ['30', '30 l', 2000])
const tentSizes = choices('capacity', ['2P', '2 people', 0], ['3P', '3 people', 6000])

const categories: readonly Category[] = [
  {
    slug: 'coffee-and-tea',
    code: 'CT',
    series: [
      series('HBR', 'Harbour Roastery', 100, 'From the old harbour, packed by hand in the week it is sold.'),
      series('NOR', 'Nordlys', 118, 'A light northern style that lets the origin speak.'),
      series('CAS', 'Casa Ferrante', 92, 'Chosen by a family that has run bars in Trieste since 1948.'),
    ],
    items: [
      item('YIRG', 'Yirgacheffe', 1190, 'Washed Ethiopian beans with jasmine and lemon.', bagWeights),
      item('HUILA', 'Huila', 1090, 'Colombian beans with red apple and cane sugar.', bagWeights),
      item('ANTIG', 'Antigua', 1150, 'Guatemalan beans with cocoa and orange peel.', bagWeights),
      item('TARRA', 'Tarrazú', 1240, 'Costa Rican beans, bright, with honey and stone fruit.', bagWeights),
      item('MANTI', 'Mantiqueira', 990, 'Brazilian beans with hazelnut and milk chocolate.', bagWeights),
      item('NYERI', 'Nyeri', 1390, 'Kenyan beans with blackcurrant and grapefruit.', bagWeights),
      item('DECAF', 'Sugarcane Decaf', 1180, 'Decaffeinated without solvents, caramel and plum.', bagWeights),
      item('BREAK', 'Breakfast Blend', 890, 'An easy cup for every morning and every machine.', bagWeights),
      item('EARLG', 'Earl Grey', 690, 'Black tea from Ruhuna with oil of bergamot.', teaWeights),
      item('SENCH', 'Sencha', 840, 'Steamed green tea, fresh and grassy.', teaWeights),
      item('ROOIB', 'Rooibos Vanilla', 590, 'Free of caffeine, with real vanilla.', teaWeights),
      item('CHAM', 'Chamomile', 540, 'Whole flowers for the end of the day.', teaWeights),
    ],
  },
  {
    slug: 'kitchen',
    code: 'KI',
    series: [
      series('HAL', 'Halden', 100, 'Plain forms that last for decades.'),
      series('BRV', 'Brook & Vane', 132, 'Made for professional kitchens.'),
      series('OST', 'Ostara', 86, 'Light, compact, easy to put away.'),
    ],
    items: [
      item('SKIL', 'Skillet', 4900, 'Holds the heat and goes from the hob into the oven.', panSizes),
      item('SAUCE', 'Saucepan', 4200, 'With a pouring rim on both sides and a close lid.', panSizes),
      item('ROAST', 'Roasting Pan', 5400, 'Room for a whole bird, with a rack that lifts out.', panSizes),
      item('CHEF', 'Chef’s Knife', 6900, 'A 20 cm blade with balance in the bolster.', oneSize),
      item('BREAD', 'Bread Knife', 5200, 'Long waves that do not crush the crumb.', oneSize),
      item('PARE', 'Paring Knife', 2400, 'A short blade for work in the hand.', oneSize),
      item('BOARD', 'Cutting Board', 3600, 'End grain that is kind to edges, with a groove for juice.', deskColours),
      item('BOWL', 'Mixing Bowl', 1600, 'A deep bowl with a foot that does not slip.', bowlSizes),
      item('KETTL', 'Kettle', 5900, 'A thin spout for a steady pour.', oneSize),
      item('MILL', 'Pepper Mill', 3200, 'A ceramic grinder from coarse to fine.', deskColours),
      item('COLAN', 'Colander', 2100, 'Stands by itself and drains at once.', bowlSizes),
      item('STORE', 'Storage Jar', 1300, 'Glass with a lid that closes tight.', bowlSizes),
    ],
  },
  {
    slug: 'outdoor',
    code: 'OU',
    series: [
      series('FJE', 'Fjell', 100, 'Tested through four Norwegian winters.'),
      series('TRA', 'Traverse', 124, 'As light as it can be and still be repaired.'),
      series('MEA', 'Meadow', 78, 'Everything for a good weekend.'),
    ],
    items: [
      item('TENT', 'Tunnel Tent', 32900, 'Up in five minutes, dry in three days of rain.', tentSizes),
      item('SLEEP', 'Sleeping Bag', 15900, 'Comfortable down to four degrees.', oneSize),
      item('MAT', 'Sleeping Mat', 7900, 'Insulates from the ground and packs small.', oneSize),
      item('PACK', 'Daypack', 8900, 'A back that breathes and a pocket for water.', packVolumes),
      item('DRY', 'Dry Bag', 2400, 'Welded seams and a roll closure.', packVolumes),
      item('STOVE', 'Gas Stove', 5400, 'Boils half a litre in three minutes.', oneSize),
      item('POT', 'Camping Pot', 3400, 'Folding handles and a lid that strains.', bowlSizes),
      item('LAMP', 'Headlamp', 3900, 'Bright for a path, red for a map, charged by USB.', oneSize),
      item('FLASK', 'Vacuum Flask', 3200, 'Hot for a day, cold for two.', bottleSizes),
      item('POLES', 'Trekking Poles', 6900, 'A pair, adjustable, with cork grips.', oneSize),
      item('HAMM', 'Hammock', 4900, 'Parachute fabric for two trees and an afternoon.', oneSize),
      item('AID', 'First Aid Kit', 2900, 'What a group needs for a day, in a pouch that floats.', oneSize),
    ],
  },
  {
    slug: 'apparel',
    code: 'AP',
    series: [
      series('LIN', 'Linden', 100, 'Natural materials and honest seams.'),
      series('SKE', 'Skerry', 128, 'Made on one island, from the first cut to the last stitch.'),
      series('COM', 'Commons', 74, 'The pieces one wears every week.'),
    ],
    items: [
      item('TEE', 'T-Shirt', 2900, 'Heavy enough to keep its shape.', garmentSizes),
      item('SHIRT', 'Oxford Shirt', 6900, 'A collar that sits without an iron.', garmentSizes),
      item('SWEAT', 'Sweatshirt', 5900, 'Brushed inside, with long cuffs.', garmentSizes),
      item('CARD', 'Cardigan', 9900, 'Buttons made of horn and pockets that hold.', garmentSizes),
      item('JACK', 'Rain Jacket', 14900, 'A hood that turns with the head.', garmentSizes),
      item('VEST', 'Quilted Vest', 8900, 'Warm where it counts, and thin under a coat.', garmentSizes),
      item('CHINO', 'Chinos', 7900, 'A straight leg and a waist that gives a little.', garmentSizes),
      item('SHORT', 'Shorts', 4900, 'To just above the knee.', garmentSizes),
      item('SOCKS', 'Socks, three pairs', 1800, 'Reinforced at heel and toe.', shoeSizes),
      item('BOOT', 'Chelsea Boots', 17900, 'Resoled as often as one likes.', shoeSizes),
      item('SNEAK', 'Canvas Sneakers', 8400, 'A vulcanised sole and a removable insole.', shoeSizes),
      item('BEAN', 'Beanie', 2400, 'A close rib that covers the ears.', oneSize),
    ],
  },
  {
    slug: 'desk',
    code: 'DE',
    series: [
      series('PAP', 'Papier & Fils', 100, 'From a family house on the Seine, since 1921.'),
      series('ATL', 'Atelier Nord', 136, 'Made to order in a workshop of eight.'),
      series('BUR', 'Bureau', 82, 'Plain tools for daily work.'),
    ],
    items: [
      item('NOTE', 'Notebook A5', 1490, 'Thread-bound, 192 pages that lie flat.', rulings),
      item('POCK', 'Pocket Notebook', 890, 'Fits a shirt, with a page to tear out at the end.', rulings),
      item('PAD', 'Writing Pad A4', 990, 'A hundred sheets with a clean edge.', rulings),
      item('PLAN', 'Weekly Planner', 1690, 'Fifty-two weeks without dates, so that it never expires.', oneSize),
      item('FOUNT', 'Fountain Pen', 4900, 'A steel nib, fine to medium, with a converter.', inkColours),
      item('BALL', 'Rollerball', 2400, 'Brass, heavy in the right place.', inkColours),
      item('INK', 'Bottled Ink', 1250, 'Dries fast and does not bleed.', inkColours),
      item('LAMP', 'Desk Lamp', 12900, 'Warm light with a joint that stays where it is put.', deskColours),
      item('TRAY', 'Letter Tray', 3900, 'Stacks as high as the work does.', deskColours),
      item('STAND', 'Laptop Stand', 6900, 'Raises the screen to the eyes.', deskColours),
      item('MAT', 'Desk Mat', 4500, 'Felt and cork, quiet under a keyboard.', oneSize),
      item('CLIP', 'Paper Clips, 100', 450, 'Brass, in a tin.', oneSize),
    ],
  },
  {
    slug: 'bed-and-bath',
    code: 'BB',
    series: [
      series('LAG', 'Laguna', 100, 'From a small maker in the Basque country.'),
      series('HIN', 'Hinterland', 122, 'Plain materials that get better every year.'),
      series('PLA', 'Plain', 76, 'Good at what it does, no more and no less.'),
    ],
    items: [
      item('DUVET', 'Duvet Cover', 8900, 'Closes with hidden buttons.', bedSizes),
      item('SHEET', 'Fitted Sheet', 4900, 'Deep corners that stay on.', bedSizes),
      item('PILLO', 'Pillowcase', 1900, 'With an envelope end and no zip.', oneSize),
      item('BLANK', 'Blanket', 9900, 'A waffle weave for cool nights.', bedSizes),
      item('THROW', 'Throw', 6900, 'For the arm of a sofa.', oneSize),
      item('TOWEL', 'Towel', 1900, 'Thick loops that dry in a day.', towelSizes),
      item('ROBE', 'Bathrobe', 8900, 'A shawl collar and two large pockets.', garmentSizes),
      item('BMAT', 'Bath Mat', 2900, 'Does not slip and may be washed hot.', oneSize),
      item('SOAP', 'Hand Soap', 990, 'Olive oil and rosemary.', bottleSizes),
      item('SHAMP', 'Shampoo', 1290, 'Mild enough for every day, without silicone.', bottleSizes),
      item('CREAM', 'Body Cream', 1490, 'Shea and oats for dry skin.', bottleSizes),
      item('CANDL', 'Scented Candle', 2400, 'Fig and cedar, forty hours.', oneSize),
    ],
  },
]

function product(
  category: Category,
  of: Series,
  { code, name, description, priceMinor, choices: all }: Item,
): DemoProduct {
  return {
    title: `${of.name} ${name}`,
    description: `${description} ${of.character}`,
    category: category.slug,
    variants: all.map((choice) => ({
      sku: `${category.code}-${of.code}-${code}-${choice.code}`,
      title: all.length === 1 ? `${of.name} ${name}` : choice.title,
      attributes: choice.attributes,
      price: { amountMinor: shelfPrice(((priceMinor + choice.extraMinor) * of.pricePercent) / 100), currency: 'EUR' },
    })),
  }
}

/** Down to the next price that ends in 90 cents, as shops write it. */
const shelfPrice = (minor: number): number => Math.max(190, Math.floor((minor + 10) / 100) * 100 - 10)

/** 216 products in six categories, always the same ones. */
export const demoCatalogue: readonly DemoProduct[] = categories.flatMap((category) =>
  category.series.flatMap((of) => category.items.map((each) => product(category, of, each))),
)

/** How many units a location starts with: 10 to 249, spread evenly but always the same for the same SKU. */
export function demoStock(sku: string, locationId: string): number {
  let hash = 2_166_136_261
  for (const character of `${sku}@${locationId}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0
  }
  return 10 + (hash % 240)
}
