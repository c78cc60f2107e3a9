/** How long a shared cache may answer for the catalogue. Stock is checked again when an order is placed. */
export const cacheControl = 'public, max-age=5, stale-while-revalidate=30'
