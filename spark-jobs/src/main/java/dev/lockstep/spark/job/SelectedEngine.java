package dev.lockstep.spark.job;

import dev.lockstep.config.EngineChoice;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;

/**
 * The engine that computes for a network.
 *
 * @param name the word for it in the configuration
 * @param factory opens it
 */
public record SelectedEngine(String name, EngineFactory factory) {
  /** What {@code choice} comes to for {@code network}. */
  public static SelectedEngine of(EngineChoice choice, Network network) {
    return switch (choice) {
      case AUTO, DL4J -> new SelectedEngine(EngineChoice.DL4J.word(), Dl4jEngine::new);
    };
  }
}
