/**
 * What lasts: the model archive {@code model.zip}, in DL4J's own format with a description of ours
 * beside it, and a training's state as bytes. Both are written and read without Java serialisation.
 * May import whatever stands before it in the order of packages; {@code config} stands after it.
 */
package dev.lockstep.model;
