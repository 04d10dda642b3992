kubectl apply -f pods.yaml && kubectl wait --for=condition=Ready pod/a pod/b pod/c --timeout=60s
