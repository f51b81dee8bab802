// The colours that tell the digits of a number apart, on the canvas, over a picture and below the
// answer, from left to right and over again. Each is at least 3 : 1 on black, white and the pages'
// dark ground, and differs from its neighbours to the colour-blind.

const COLOURS = ["#0284c7", "#c2620a", "#9b51d8", "#178a4c", "#d6336c"];

/** The colour of the digit at this place, counted from 0. */
export function colourOf(place) {
  return COLOURS[place % COLOURS.length];
}
