"""Retrains the model every night on a Hadoop cluster: put this file into Airflow's folder of DAGs.

The connection spark_default names the cluster (yarn). Registry and data lie on HDFS, so that whichever
node runs the driver sees them.
"""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

WORKERS = 4

with DAG(
    dag_id="lockstep_retrain",
    description="Retrain the model on new data, and promote it if it is good enough",
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=15)},
) as dag:
    SparkSubmitOperator(
        task_id="retrain",
        conn_id="spark_default",
        application="/opt/lockstep/lockstep-cluster.jar",
        java_class="dev.lockstep.spark.cli.Main",
        num_executors=WORKERS,
        executor_cores=1,
        executor_memory="1g",
        driver_memory="2g",
        conf={
            "spark.authenticate": "true",
            "spark.network.crypto.enabled": "true",
            "spark.speculation": "false",
            "spark.dynamicAllocation.enabled": "false",
            "spark.ui.enabled": "false",
            "spark.executor.memoryOverhead": "3g",
            "spark.executor.extraJavaOptions": "-Dorg.bytedeco.javacpp.maxbytes=2g"
            " -Dorg.bytedeco.javacpp.maxphysicalbytes=4g",
        },
        application_args=[
            "retrain",
            "--config",
            "hdfs:///lockstep/retrain.yaml",
            "--workers",
            str(WORKERS),
            "--fail-on-refusal",
        ],
        execution_timeout=timedelta(hours=6),
    )
