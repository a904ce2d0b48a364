package dev.lockstep.spark.deploy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;

/** Manifests of Kubernetes as its model's classes read them. */
final class Manifests {
  private Manifests() {}

  /** To these classes, which would put a field that they do not know aside, it is an error. */
  static ObjectMapper strict() {
    return new ObjectMapper(new YAMLFactory())
        .setAnnotationIntrospector(new NothingAside())
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
  }

  private static final class NothingAside extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1L;

    @Override
    public Boolean hasAnySetter(Annotated member) {
      return false;
    }
  }
}
