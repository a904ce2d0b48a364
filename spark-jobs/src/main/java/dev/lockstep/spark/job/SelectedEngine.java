package dev.lockstep.spark.job;

import dev.lockstep.config.EngineChoice;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.network.Network;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Optional;

/**
 * The engine that computes for a network.
 *
 * @param name the word for it in the configuration
 * @param notFused what prevents the fused engine, if anything does
 * @param factory opens it
 */
public record SelectedEngine(String name, Optional<String> notFused, EngineFactory factory) {
  /**
   * What {@code choice} comes to for {@code network}.
   *
   * @throws ConfigurationException if the fused engine is asked for but does not know every layer
   */
  public static SelectedEngine of(EngineChoice choice, Network network) {
    Optional<String> notFused = FusedEngine.unsupported(network);
    if (choice == EngineChoice.FUSED && notFused.isPresent()) {
      throw new ConfigurationException(
          "engine is 'fused' but it does not know %s of network %s; use engine: auto or dl4j"
              .formatted(notFused.get(), network.name()));
    }
    return choice == EngineChoice.DL4J || notFused.isPresent()
        ? new SelectedEngine(EngineChoice.DL4J.word(), notFused, Dl4jEngine::new)
        : new SelectedEngine(EngineChoice.FUSED.word(), notFused, FusedEngine::new);
  }
}
