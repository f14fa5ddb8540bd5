/** Parts a type may have before the checker takes it for `any`: types double with every `y := [x, x]`. */
export const typeSizeMax = 5_000;
