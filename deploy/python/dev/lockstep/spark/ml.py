"""Lockstep's Spark ML estimator for PySpark 3.5.

The cluster jar does the work; this file only speaks to it through PySpark's gateway:

    spark-submit --jars lockstep-0.1.0-SNAPSHOT-cluster.jar --py-files deploy/python.zip program.py

where python.zip is this directory's content (``cd deploy/python && zip -r ../python.zip dev``), or with
``PYTHONPATH=deploy/python`` on one machine. Then:

    from dev.lockstep.spark.ml import NetworkClassifier

    classifier = NetworkClassifier(
        network="{layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}",
        optimizer="{name: adam, learningRate: 0.003}", epochs=5, batchSize=128, workers=4)
    model = classifier.fit(frame)
    model.transform(frame).select("probability", "prediction").show()

The module has the name of the Java package because PySpark finds by it the Python class of a stage that it
loads, alone or in a Pipeline or CrossValidatorModel.
"""

from pyspark import keyword_only
from pyspark.ml.classification import (
    _JavaProbabilisticClassificationModel,
    _JavaProbabilisticClassifier,
)
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import JavaMLReadable, JavaMLWritable


class NetworkClassifier(_JavaProbabilisticClassifier, JavaMLWritable, JavaMLReadable):
    """Trains a network on a data frame. Texts are YAML, as in a configuration file of Lockstep's."""

    network = Param(
        Params._dummy(),
        "network",
        "a shipped network, the path of a .yaml or .json file, or a definition in place",
        typeConverter=TypeConverters.toString,
    )
    optimizer = Param(
        Params._dummy(),
        "optimizer",
        "Keras' name of an optimizer, or a mapping: {name: adam, learningRate: 0.01}",
        typeConverter=TypeConverters.toString,
    )
    averaging = Param(
        Params._dummy(),
        "averaging",
        "gradients, or a mapping: {mode: parameters, interval: 20, outer: adam}",
        typeConverter=TypeConverters.toString,
    )
    earlyStopping = Param(
        Params._dummy(),
        "earlyStopping",
        "when to end before the last epoch: {monitor: validation.loss, patience: 2}",
        typeConverter=TypeConverters.toString,
    )
    epochs = Param(
        Params._dummy(),
        "epochs",
        "passes over the training rows",
        typeConverter=TypeConverters.toInt,
    )
    batchSize = Param(
        Params._dummy(),
        "batchSize",
        "rows of one optimizer step",
        typeConverter=TypeConverters.toInt,
    )
    workers = Param(
        Params._dummy(),
        "workers",
        "how many workers train; unless set, as many as there are slots",
        typeConverter=TypeConverters.toInt,
    )
    seed = Param(
        Params._dummy(),
        "seed",
        "what every random draw comes from",
        typeConverter=TypeConverters.toInt,
    )
    inputShape = Param(
        Params._dummy(),
        "inputShape",
        "[height, width] or [height, width, channels] of the image that a vector is",
        typeConverter=TypeConverters.toListInt,
    )
    weightCol = Param(
        Params._dummy(),
        "weightCol",
        "a column of numbers, how much a row counts in the loss",
        typeConverter=TypeConverters.toString,
    )
    validationIndicatorCol = Param(
        Params._dummy(),
        "validationIndicatorCol",
        "a boolean column, true for rows that validate and are not learned from",
        typeConverter=TypeConverters.toString,
    )

    @keyword_only
    def __init__(
        self,
        *,
        featuresCol="features",
        labelCol="label",
        predictionCol="prediction",
        probabilityCol="probability",
        rawPredictionCol="rawPrediction",
        thresholds=None,
        network=None,
        optimizer=None,
        averaging=None,
        earlyStopping=None,
        epochs=None,
        batchSize=None,
        workers=None,
        seed=None,
        inputShape=None,
        weightCol=None,
        validationIndicatorCol=None,
    ):
        """An estimator; what is None keeps the default of the jar."""
        super().__init__()
        self._java_obj = self._new_java_obj(
            "dev.lockstep.spark.ml.NetworkClassifier", self.uid
        )
        self._transfer_params_from_java()
        self._set(**self._input_kwargs)

    @keyword_only
    def setParams(self, **kwargs):
        """Sets any of the params, by keyword."""
        return self._set(**self._input_kwargs)

    def _create_model(self, java_model):
        return NetworkClassificationModel(java_model)


class NetworkClassificationModel(
    _JavaProbabilisticClassificationModel, JavaMLWritable, JavaMLReadable
):
    """A trained network: ``transform`` appends raw prediction, probability and prediction."""
