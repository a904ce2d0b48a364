package dev.lockstep.worker;

import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;

/** {@link ParameterAveragingContract} with the dl4j engine. */
class Dl4jParameterAveragingTest extends ParameterAveragingContract {
  @Override
  EngineFactory engines() {
    return Dl4jEngine::new;
  }
}
