package dev.lockstep.spark;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Mnist;

/** MNIST, read once for all tests of a JVM. */
public final class Digits {
  public static final Dataset MNIST = Mnist.load();

  private Digits() {}
}
