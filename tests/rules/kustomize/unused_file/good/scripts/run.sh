kubectl apply -f "$1/job.yaml"
