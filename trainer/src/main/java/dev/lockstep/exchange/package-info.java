/**
 * Trained models in the formats of others: ONNX, NumPy's {@code .npz} with Keras' names and shapes,
 * and Keras' own files, which are read. May import whatever stands before it in the order of
 * packages; {@code config} stands after it.
 */
package dev.lockstep.exchange;
