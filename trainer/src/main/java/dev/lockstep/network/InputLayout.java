package dev.lockstep.network;

/** The arrays a network takes: how the numbers of an example are arranged. */
public enum InputLayout {
  /** {@code [batch, size]}: channel, row, column, as in memory. */
  FLAT,
  /** {@code [batch, channels, height, width]}: the same numbers in the same order as flat. */
  IMAGE,
  /**
   * {@code [batch, features, time]}: time step t is row t of the image, feature {@code channel *
   * width + column} of it is the number at that channel and column.
   */
  SEQUENCE
}
